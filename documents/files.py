"""The file of a document: made when it is first wanted, then always the same bytes.

It lies below DATA_DIR/files under a name made of the document's id. The first one who makes it puts it there
in one step; a second one finds it and reads it. A lost file is made again from the same values.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import structlog
from django.core.files.storage import default_storage

from crm import files as crm_files
from documents import rendering
from documents.models import Document

log = structlog.get_logger("grafik.documents")

CONTENT_TYPE = "application/pdf"
FORMAT = "pdf"
SOURCE = "document"  # what a file row of crm's outbox calls us
FORBIDDEN = str.maketrans(dict.fromkeys('\\/:*?"<>|\r\n\t', "-"))


def read(document: Document) -> bytes:
    """Return the PDF. Raises rendering.CannotRender."""
    path = _path(document)
    if document.path:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            log.warning("file of a document is lost", document=document.pk)
    content = _put(path, rendering.pdf(template=document.kind, values=document.values))
    digest = hashlib.sha256(content).hexdigest()
    if document.sha256 and document.sha256 != digest:
        log.warning("document looks different now", document=document.pk)
    document.path, document.sha256 = _name(document), digest
    document.save(update_fields=["path", "sha256"])
    return content


def file_name(document: Document) -> str:
    """Return what the file is called where people keep it."""
    return f"{document.name.translate(FORBIDDEN)[:150].strip()}.{FORMAT}"


def for_crm(document_id: int) -> crm_files.File:
    """The file for amoCRM. Raises crm.files.NoFile with the reason in words."""
    document = Document.objects.get(pk=document_id)
    try:
        content = read(document)
    except rendering.CannotRender as error:
        raise crm_files.NoFile(str(error)) from error
    return crm_files.File(name=file_name(document), content_type=CONTENT_TYPE, content=content)


def _name(document: Document) -> str:
    return f"documents/{document.year}/{document.pk}.{FORMAT}"


def _path(document: Document) -> Path:
    return Path(default_storage.path(document.path or _name(document)))


def _put(path: Path, content: bytes) -> bytes:
    """Put the whole file in its place, unless another one has just done so; return what lies there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.link(unfinished, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        os.unlink(unfinished)
    return content
