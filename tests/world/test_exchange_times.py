"""When an exchange began: by it one can tell what happened inside what."""

import time

from app.flow.model import Step, Subject
from app.flow.steps.walk import walk
from app.wiring import simulated


def test_the_webhook_is_called_within_the_dry_run(simulation, world):
    subject = Subject(namespace="default", service_account="my-sa", pod="pod-after")
    found = walk(simulated(simulation, world), subject).report(Step.WEBHOOK).exchanges
    [dry_run] = [exchange for exchange in found if exchange.url.endswith("dryRun=All")]
    [review] = [exchange for exchange in found if exchange.callee == "pod-identity-webhook"]
    assert dry_run.started < review.started
    assert review.started + review.seconds < dry_run.started + dry_run.seconds


def test_every_exchange_of_a_world_has_its_time(simulation, world):
    now = time.time()
    heard = world.log.exchanges()
    assert {exchange.caller for exchange in heard} >= {"kubelet", "kube-apiserver", "pod", "sts"}
    assert all(now - 60 < exchange.started <= now for exchange in heard)
