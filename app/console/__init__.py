"""A command line on the page: the real kubectl and aws, against one simulated world and nothing else.

A line becomes argument lists (`command_line`), no shell's input. The arguments are the first fence (`kubectl_fence`,
`aws_fence`), the kernel is the second (`confine`), and what a visitor may use at a time is bounded (`console`).
"""
