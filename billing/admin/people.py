"""People of the panel: Django's users and groups in the panel's look, their rights in its words."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

DEEDS = {"view": _("look"), "change": _("change and act"), "add": _("add"), "delete": _("delete")}

admin.site.unregister(User)
admin.site.unregister(Group)


class RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """ "Payments: look", not "billing | payment | Can view payment"."""

    def label_from_instance(self, right: Any) -> str:
        table = right.content_type.model_class()
        deed = right.codename.partition("_")[0]
        if table is None or deed not in DEEDS:
            return str(right.name)
        return f"{capfirst(table._meta.verbose_name_plural)}: {DEEDS[deed]}"


class RightsInWords:
    """The rights that can be given are those to the tables of the panel."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is not Permission:
            return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        field = super().formfield_for_manytomany(  # type: ignore[misc]
            db_field, request, **kwargs, form_class=RightsField
        )
        tables = ContentType.objects.get_for_models(*admin.site._registry, for_concrete_models=False)
        found = Permission.objects.filter(content_type__in=tables.values()).select_related("content_type")
        field.queryset = found.order_by("content_type__app_label", "content_type__model", "codename")
        return field


@admin.register(User)
class UserPage(RightsInWords, UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupPage(RightsInWords, GroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass
