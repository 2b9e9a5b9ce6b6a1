"""What lets a row be issued again lets it be collected again: the same triggers clear both marks.

A row that was passed over as covered (billing.past_rows) is reminded of and flagged again once money is taken
back from it, less of it is given up, or it is made larger.
"""

from django.db import migrations

BOTH = """
CREATE OR REPLACE FUNCTION grafik_issue_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_installment SET issuing_over = false, collecting_over = false
    WHERE id = NEW.installment_id AND (issuing_over OR collecting_over);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION grafik_issue_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.issuing_over := false;
    NEW.collecting_over := false;
    RETURN NEW;
END $$;
"""
ONE = """
CREATE OR REPLACE FUNCTION grafik_issue_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_installment SET issuing_over = false WHERE id = NEW.installment_id AND issuing_over;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION grafik_issue_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.issuing_over := false;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0035_letters_held_and_rows_collected")]

    operations = [migrations.RunSQL(BOTH, ONE)]
