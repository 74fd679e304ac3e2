"""How values are written for Temporal and read again: as JSON, by their types.

Temporal's SDK makes a converter for each workflow run, and the converter of its pydantic module
then works out afresh how each type is read, some milliseconds a run. Here all runs share one.
"""

from __future__ import annotations

from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

_JSON = PydanticJSONPlainPayloadConverter()


class SharedPayloadConverter(CompositePayloadConverter):
    """The SDK's `PydanticPayloadConverter`, with one reader of JSON for the whole process."""

    def __init__(self) -> None:
        """Take no arguments, as the SDK makes converters."""
        super().__init__(
            *(
                _JSON if isinstance(one, JSONPlainPayloadConverter) else one
                for one in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


data_converter = DataConverter(payload_converter_class=SharedPayloadConverter)
"""For every client and every worker."""
