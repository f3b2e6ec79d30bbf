"""The program command-analyse as a function."""
import json
import subprocess


def analyse(program, asked):
    """Answers for a list of requests, in order. A text is a line, a list an argv."""
    def request(item):
        return {"line": item} if isinstance(item, str) else {"argv": item} if isinstance(item, list) else item

    text = "".join(json.dumps({"cwd": "/srv/shop", **request(item)}) + "\n" for item in asked)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"command-analyse ended with {done.returncode}: {done.stderr}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(asked), (len(answers), len(asked))
    return answers


def impacts(answer):
    return [impact for command in answer.get("commands", []) for impact in command["impacts"]]
