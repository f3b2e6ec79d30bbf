#!/usr/bin/env python3
"""What the demo measures, told in lines: weights asked of HAProxy itself, shares of real requests.

    watch.py TOPOLOGY share LABEL [--expect PERCENT]    the share of zone a over the last seconds
    watch.py TOPOLOGY ramp -- COMMAND ...    follows a run (COMMAND prints it as JSON) until it ends

Ends 1 when a share is further from what the weights say than 5 points, or the run ended badly.
"""
import argparse
import json
import subprocess
import sys
import time

from topology import ask_haproxy, get_json

WINDOW_S = 3          # a share is measured over so long
TOLERANCE = 5.0       # percent points
GOOD_ENDS = ("SUCCEEDED", "ROLLED_BACK")
BAD_ENDS = ("PAUSED", "FAILED", "ABORTED", "CANCELED", "REJECTED", "EXPIRED", "TIMED_OUT",
            "SUCCEEDED_WITH_EXCEPTIONS", "ROLLED_BACK_WITH_EXCEPTIONS")


class Production:
    def __init__(self, path):
        with open(path) as text:
            self.facts = json.load(text)

    def weights(self, zone="a"):
        return [int(ask_haproxy(edge["socket"], f"get weight checkout/zone-{zone}").split()[0])
                for edge in self.facts["edges"]]

    def shares(self):
        return get_json(f"{self.facts['load']}/shares?seconds={WINDOW_S}")


def bar(percent, width=30):
    filled = round(percent * width / 100)
    return "#" * filled + "." * (width - filled)


def tell_share(production, label, expected=None):
    """One line; True when it is what was expected."""
    measured = production.shares()
    share = (measured["zones"]["a"] or 0) * 100
    failed = f", {measured['errors']} failed" if measured["errors"] else ""
    should = "" if expected is None else f"  (weights say {expected:.0f} %)"
    print(f"  {label:<24} zone a {share:5.1f} %  {bar(share)}  of {measured['requests']} requests{failed}{should}",
          flush=True)
    if not measured["requests"] or measured["errors"]:
        return False
    return expected is None or abs(share - expected) <= TOLERANCE


def expected_share(weight_a, weight_b=100):
    return 100 * weight_a / (weight_a + weight_b)


class Ramp:
    """Tells each weight once, when all edges have had it for a whole window."""

    def __init__(self, production, command):
        self.production, self.command = production, command
        self.weights, self.since, self.told, self.is_good = None, time.monotonic(), None, True

    def look(self):
        weights = self.production.weights()
        if weights != self.weights:
            self.weights, self.since = weights, time.monotonic()
        is_settled = len(set(weights)) == 1 and time.monotonic() - self.since > WINDOW_S + 0.3
        if is_settled and weights[0] != self.told:
            self.told = weights[0]
            label = f"weight {weights[0]} on both edges"
            self.is_good &= tell_share(self.production, label, expected_share(weights[0]))

    def state(self):
        answer = subprocess.run(self.command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            print(answer.stdout + answer.stderr, file=sys.stderr)
            return "UNREADABLE", ""
        run = json.loads(answer.stdout)
        return run["state"], run.get("message") or run.get("reason") or ""

    def follow(self):
        last = None
        while True:
            self.look()
            state, message = self.state()
            if state != last and last is not None:
                print(f"  the run is {state}{': ' if message else ''}{message}", flush=True)
            last = state
            if state in GOOD_ENDS:
                return self.is_good
            if state in BAD_ENDS or state == "UNREADABLE":
                return False
            time.sleep(0.4)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("topology")
    verbs = parser.add_subparsers(dest="verb", required=True)
    share = verbs.add_parser("share")
    share.add_argument("label")
    share.add_argument("--expect", type=float)
    ramp = verbs.add_parser("ramp")
    ramp.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    production = Production(options.topology)
    if options.verb == "share":
        return 0 if tell_share(production, options.label, options.expect) else 1
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    return 0 if Ramp(production, command).follow() else 1


if __name__ == "__main__":
    sys.exit(main())
