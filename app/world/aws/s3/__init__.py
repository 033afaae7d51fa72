"""S3, path style: buckets, objects and their listing."""
