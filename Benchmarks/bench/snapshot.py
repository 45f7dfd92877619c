"""A .heapsnapshot file read without heapsnapd: the header and the strings by a JSON parser, nodes and edges by counting their numbers."""
import json
import mmap
import os

STEP = 1 << 24


def is_closed(path):
    """Whether the text ends as a snapshot ends: cheap, while it is being written."""
    size = os.path.getsize(path)
    if size < 16:
        return False
    with open(path, "rb") as file:
        file.seek(size - 16)
        return file.read().rstrip().endswith(b"]}")


def is_complete(path):
    """Whether it opens, and holds as many nodes and edges as its header says."""
    if not is_closed(path):
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as text:
        nodes = text.find(b'"nodes":[')
        header = json.loads(text[:nodes].rstrip().rstrip(b",") + b"}")["snapshot"]
        strings = text.rfind(b'"strings":[')
        return (numbers(text, '"nodes":[') == header["node_count"] * len(header["meta"]["node_fields"])
                and numbers(text, '"edges":[') == header["edge_count"] * len(header["meta"]["edge_fields"])
                and len(json.loads(b"{" + text[strings:])["strings"]) > 0)


def numbers(text, name):
    """How many numbers the array has."""
    begin = text.find(name.encode()) + len(name)
    end = text.find(b"]", begin)
    return sum(text[at:min(at + STEP, end)].count(b",") for at in range(begin, end, STEP)) + 1 if end > begin else 0
