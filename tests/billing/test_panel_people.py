"""Rights of people in the panel, as the owner reads them."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_rights_are_named_by_the_tables_of_the_panel(admin_client: Client) -> None:
    person = User.objects.create(username="bookkeeper", is_staff=True)
    group = Group.objects.create(name="Бухгалтерия")
    for kind, row in (("user", person), ("group", group)):
        text = admin_client.get(reverse(f"admin:auth_{kind}_change", args=[row.pk])).content.decode()
        assert "Платежи: смотреть" in text
        assert "Деньги без сделки: менять и действовать" in text
        assert "Can view" not in text


def test_a_right_given_in_the_panel_is_had(admin_client: Client) -> None:
    group = Group.objects.create(name="Бухгалтерия")
    right = Permission.objects.get(codename="view_payment")
    page = reverse("admin:auth_group_change", args=[group.pk])
    assert admin_client.post(page, {"name": group.name, "permissions": [right.pk]}).status_code == 302
    assert list(group.permissions.all()) == [right]
