"""The files for Slurm, Kubernetes and Docker: each held to its own linter or schema, and all start the one script."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from apps.scaling import train_ddp
from book.notebooks import ROOT

FOLDER = ROOT / "apps" / "scaling"
PROGRAMS = Path(sys.executable).parent  # where the linters are installed, beside this Python
BATCH, JOB, COMPOSE = FOLDER / "train.sbatch", FOLDER / "job.yaml", FOLDER / "compose.yaml"


def check(program, *words):
    command = [PROGRAMS / program, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def container_commands():
    pods = [part for part in yaml.safe_load_all(JOB.read_text(encoding="utf-8")) if part["kind"] == "Job"]
    (container,) = pods[0]["spec"]["template"]["spec"]["containers"]
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["training"]
    return {"job.yaml": container["command"], "compose.yaml": service["command"]}


def batch_command():
    """Return the words that srun starts."""
    line = re.search(r"^srun .*?[^\\]$", BATCH.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    return line.replace("\\\n", " ").split()


def test_shell_scripts_pass_shellcheck():
    check("shellcheck", BATCH, ROOT / ".ci" / "run", ROOT / "book" / "running" / "install.sh")


def test_the_kubernetes_job_fits_its_schema():
    check("kubernetes-validate", "--strict", JOB)


def test_the_schema_of_kubernetes_would_find_a_slip(tmp_path):
    wrong = tmp_path / "job.yaml"
    wrong.write_text(JOB.read_text(encoding="utf-8").replace("completions: 2", "completion: 2"), encoding="utf-8")
    with pytest.raises(AssertionError, match="completion"):
        check("kubernetes-validate", "--strict", wrong)


def test_the_files_for_compose_fit_their_schema():
    files = [COMPOSE, ROOT / "apps" / "digits" / "compose.yaml"]
    check("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files)


def test_the_dockerfiles_pass_hadolint():
    check("hadolint", "--no-color", FOLDER / "Dockerfile", ROOT / "apps" / "digits" / "Dockerfile")


def test_hadolint_would_find_a_slip(tmp_path):
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("USER 10001", "USER root"))
    with pytest.raises(AssertionError, match="DL3002"):  # the last user is root
        check("hadolint", "--no-color", wrong)


@pytest.mark.parametrize("name", ["job.yaml", "compose.yaml", "train.sbatch"])
def test_every_file_starts_the_script_by_torchrun_with_options_that_it_knows(name):
    from torch.distributed.run import get_args_parser  # the parser of torchrun

    command = batch_command() if name == "train.sbatch" else container_commands()[name]
    start = command.index("torch.distributed.run") + 1
    words = [word.replace('"$SLURM_NNODES"', "2").replace('"$SLURM_GPUS_ON_NODE"', "4") for word in command[start:]]
    options = get_args_parser().parse_args([word for word in words if word != '"$@"'])
    assert options.module
    assert options.training_script == "apps.scaling.train_ddp"
    assert int(options.max_restarts) > 0
    assert train_ddp.new_parser().parse_args(options.training_script_args).out.name == "digits"


def test_the_pods_meet_at_the_first_one():
    service, job = yaml.safe_load_all(JOB.read_text(encoding="utf-8"))
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    command = container_commands()["job.yaml"]
    assert f"--nnodes={spec['completions']}" in command
    assert spec["completions"] == spec["parallelism"]
    assert f"--nproc-per-node={pod['containers'][0]['resources']['limits']['nvidia.com/gpu']}" in command
    name = job["metadata"]["name"]
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    assert f"--rdzv-endpoint={name}-0.{pod['subdomain']}:29500" in command
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == {v["name"] for v in pod["volumes"]}


def test_the_image_is_built_from_files_that_are_there():
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert all((ROOT / word).exists() for word in copied)
    kept = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert kept == set(copied)


def test_the_batch_script_runs_where_slurms_commands_are_played(tmp_path):
    """scontrol and srun of one machine: the script's own words do the rest, in two processes on the CPU."""
    played = {"scontrol": 'test "$*" = "show hostnames node[1]" && echo localhost', "srun": 'shift\nexec "$@"'}
    for name, body in played.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/bash\nexec {sys.executable} "${{@//:29500/:0}}"\n')  # a free port
    python.chmod(0o755)
    slurm = {"SLURM_JOB_NODELIST": "node[1]", "SLURM_NNODES": "1", "SLURM_GPUS_ON_NODE": "2", "SLURM_JOB_ID": "7"}
    more = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    environment = {**os.environ, **slurm, **more, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", str(BATCH), "--epochs", "2"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "epoch 2/2" in done.stdout
    assert "world size 2, on cpu; the last checkpoint is runs/digits/last.ckpt" in done.stdout
    assert (tmp_path / "runs" / "digits" / "last.ckpt").exists()
