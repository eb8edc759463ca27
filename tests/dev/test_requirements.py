"""What a Saleor checkout declares is read, whichever form it takes."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dev.requirements import declared, from_poetry


@pytest.mark.parametrize(
    ("constraint", "requirement"),
    [
        ("^1.2.3", "name>=1.2.3,<2"),
        ("^0.9.7", "name>=0.9.7,<0.10"),
        ("^0.0.3", "name>=0.0.3,<0.0.4"),
        ("^2", "name>=2,<3"),
        ("^0", "name>=0,<1"),
        ("^0.53b1", "name>=0.53b1,<0.54"),
        ("~3.12", "name>=3.12,<3.13"),
        ("~1.2.3", "name>=1.2.3,<1.3"),
        ("~2", "name>=2,<3"),
        (">=2.8,<2.18", "name>=2.8,<2.18"),
        ("<3.0", "name<3.0"),
        ("~=1.4", "name~=1.4"),
        ("1.7.15", "name==1.7.15"),
        ("*", "name"),
        ({"version": "^5.2", "extras": ["bcrypt", "argon2"]}, "name[bcrypt,argon2]>=5.2,<6"),
        (
            {"version": "^0.4", "markers": "sys_platform != 'win32'"},
            "name>=0.4,<0.5 ; (sys_platform != 'win32')",
        ),
        (
            {"version": "^0.4", "platform": "win32"},
            "name>=0.4,<0.5 ; sys_platform == 'win32'",
        ),
    ],
)
def test_poetry_constraint_becomes_requirement(
    constraint: str | dict[str, object], requirement: str
) -> None:
    translated = from_poetry("name", constraint)

    assert translated == requirement
    assert Requirement(translated).name == "name"


@pytest.mark.parametrize("constraint", [{"git": "https://example.com/"}, {"path": "../x"}, "^x"])
def test_what_is_not_a_release_is_refused(constraint: str | dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"can't translate|not a version"):
        from_poetry("name", constraint)


def test_standard_table_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\ndependencies = ["django[bcrypt]~=5.2", "graphene<3.0"]\n')

    assert declared(path) == ["django[bcrypt]~=5.2", "graphene<3.0"]


def test_poetry_table_is_translated_without_python(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.poetry.dependencies]\npython = "~3.12"\nprices = "^1.0"\n')

    assert declared(path) == ["prices>=1.0,<2"]


def test_file_without_dependencies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[build-system]\nrequires = []\n")

    with pytest.raises(ValueError, match="declares no dependencies"):
        declared(path)
