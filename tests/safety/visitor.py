"""One visit to a running server, as a browser's tab makes it: what was sent back, as text."""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

ENDED = ForwardMsg.FINISHED_EARLY_FOR_RERUN


def visit(url: str, query: str, *, page: str = "", seconds: float = 90) -> str:
    """Open a page (the front page by default) with this query; wait until its script has run."""
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    asked = BackMsg()
    asked.rerun_script.query_string = query.lstrip("?")
    asked.rerun_script.page_name = page
    told = []
    with connect(address, subprotocols=["streamlit"], origin=url, max_size=None) as tab:
        tab.send(asked.SerializeToString())
        while True:
            message = ForwardMsg.FromString(tab.recv(timeout=seconds))
            told.append(str(message))
            if message.WhichOneof("type") == "script_finished" and message.script_finished != ENDED:
                return "\n".join(told)
