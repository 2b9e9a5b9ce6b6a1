"""An act keeps what it says and ends once; a refund that a person has given up is over like one that failed.

Refunds that were to be paid out by hand and failed by a person's word were given up: from now on they say so.
"""

from django.db import migrations

GUARDS = """
CREATE TRIGGER act_keeps_its_words
    BEFORE UPDATE OF document_id, legal_entity_id, rendered_on, amount OR DELETE
    ON billing_act FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER act_ends_once BEFORE UPDATE ON billing_act FOR EACH ROW
    WHEN (OLD.state <> 'open') EXECUTE FUNCTION grafik_refuse_change();

DROP TRIGGER refund_order_ends_once ON billing_refundorder;
UPDATE billing_refundorder SET state = 'given_up'
    WHERE state = 'failed' AND method <> 'provider' AND closed_by <> 'system';
CREATE TRIGGER refund_order_ends_once BEFORE UPDATE OF state, refund_id ON billing_refundorder FOR EACH ROW
    WHEN (OLD.state IN ('done', 'failed', 'given_up')
        AND (NEW.state <> OLD.state OR NEW.refund_id IS DISTINCT FROM OLD.refund_id))
    EXECUTE FUNCTION grafik_refuse_change();
"""

UNDO = """
DROP TRIGGER refund_order_ends_once ON billing_refundorder;
UPDATE billing_refundorder SET state = 'failed' WHERE state = 'given_up';
CREATE TRIGGER refund_order_ends_once BEFORE UPDATE OF state, refund_id ON billing_refundorder FOR EACH ROW
    WHEN (OLD.state IN ('done', 'failed') AND (NEW.state <> OLD.state OR NEW.refund_id IS DISTINCT FROM OLD.refund_id))
    EXECUTE FUNCTION grafik_refuse_change();
DROP TRIGGER act_ends_once ON billing_act;
DROP TRIGGER act_keeps_its_words ON billing_act;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0038_given_up_and_credit_returns")]
    operations = [migrations.RunSQL(GUARDS, UNDO)]
