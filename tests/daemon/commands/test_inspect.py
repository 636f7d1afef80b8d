import yaml

from tests.daemon.commands.shell import facewire


def test_inspect_prints_the_header_as_yaml(checkpoint: str) -> None:
    header = yaml.safe_load(facewire("inspect", checkpoint).output)
    assert header["config"]["identities"] == ["alma", "bruno"]
    assert header["provenance"] == {"made by": "a test"}
