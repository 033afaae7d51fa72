"""The survey: every annotated ServiceAccount of a cluster, its role and its Pods, what is wrong and what fixes it."""

from app.flow.doctor.survey.survey import USES, survey
from app.flow.doctor.survey.values import Problem, RoleFound, Stand, Survey, Tie

__all__ = ["USES", "Problem", "RoleFound", "Stand", "Survey", "Tie", "survey"]
