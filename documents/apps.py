"""Django's handle of the app."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"

    def ready(self) -> None:
        """Tell crm, which knows nothing of documents, where the bytes of their files come from."""
        from crm import files as crm_files
        from documents import files

        crm_files.register(files.SOURCE, files.for_crm)
