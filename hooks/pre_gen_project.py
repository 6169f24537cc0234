"""Refuse answers that cannot make a working project, in one sentence."""

import json
import keyword
import re
import sys
import unicodedata

# Data, never code: JSON has no place for three quotes in a row, so nothing can end this literal early.
ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

LIBRARIES = """
absl aiohappyeyeballs aiohttp aiosignal alembic annotated_doc annotated_types anyio arrow ast_serialize attr
attrs babel backrefs beartype binaryornot certifi cfgv charset_normalizer click colorama colorlog contourpy
cookiecutter cruft cycler datasets dateutil dill distlib docstring_parser execnet filelock frozenlist fsspec
functorch ghp_import git gitdb google griffe grpc h11 hf_xet httpcore httpcore2 httpx httpx2 huggingface_hub
hypothesis identify idna iniconfig isympy jaxtyping jinja2 jsonargparse kiwisolver librt lightning
lightning_fabric lightning_utilities mako markdown markdown_it markupsafe material materialx matplotlib mdurl
mergedeep mkdocs mkdocs_autorefs mkdocs_get_deps mkdocstrings mkdocstrings_handlers mpl_toolkits mpmath
multidict multiprocess mypy mypy_extensions mypyc networkx nodeenv numpy optuna packaging paginate pandas
pathspec pil pip pkg_resources platformdirs pluggy pre_commit propcache psutil py pyarrow pydantic
pydantic_core pygments pylab pymdownx pyparsing pytest pytest_timeout python_discovery pytorch_lightning pytz
regex requests rich ruff safetensors scipy setuptools shellingham shtab six slugify smmap sortedcontainers
sqlalchemy sympy tensorboard tensorboard_data_server text_unidecode tokenizers torch torchgen torchmetrics
tqdm triton truststore typer typeshed_client typing_extensions typing_inspection tzdata urllib3 uv virtualenv
wadler_lindig watchdog werkzeug xdist xxhash yaml yaml_env_tag yarl
"""  # what the project, its tools and their own dependencies import
OWN = {"compare", "configs", "conftest", "src", "tests", "train"}
LONGEST = 40  # lines that hold the package's name stay within the formatter's limit


def name_is_taken(name: str) -> str:
    """Why a name cannot be used, or nothing."""
    if name in sys.stdlib_module_names:
        return "is a module of Python's standard library"
    if name in LIBRARIES.split():
        return "is a library that the project uses or that its libraries use"
    if name in OWN:
        return "is a part of the project itself"
    if re.fullmatch("con|prn|aux|nul|(com|lpt)[0-9]", name):
        return "is a name that Windows keeps for itself"
    return ""


def problem(key: str, value: str) -> str:
    """What is wrong with an answer and what to do, or nothing."""
    if not value.strip() and key != "description":
        return "is empty; give at least one letter"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        return "holds a line break or another control character; write it on one line"
    if key == "project_slug":
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", value) or len(value) > 100:
            return "is no name for a folder and a distribution; use up to 100 letters, digits, dots and dashes"
        if reason := name_is_taken(value.lower().replace("-", "_")):
            return f"{reason}; choose another, for example my-{value}"
    if key == "package_name":
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value) or len(value) > LONGEST:
            return f"is no name for a package; use up to {LONGEST} small letters, digits and _, a letter first"
        if keyword.iskeyword(value) or keyword.issoftkeyword(value):
            return f"is a word of Python's grammar; choose another, for example my_{value}"
        if reason := name_is_taken(value):
            return f"{reason}; choose another, for example my_{value}"
    return ""


for key in ("project_name", "project_slug", "package_name", "description", "author"):
    if reason := problem(key, ANSWERS[key]):
        sys.exit(f"error: {key} is {ANSWERS[key]!r}, which {reason}.")
