"""The database's guards of the network: who owned a place and whose shop it is cannot be rewritten.

1. An ownership names a shop of its own legal entity.
2. An ownership under which orders were made keeps its place, owner and first day: a change is a new row.
3. A shop at a provider is registered once, for one legal entity: its numbers and notices have one home.
4. A payment keeps its order, and a refund goes through the shop of its payment.
"""

from django.db import migrations

OWNERSHIPS = """
ALTER TABLE billing_ownership ADD CONSTRAINT ownership_by_the_entitys_merchant
    FOREIGN KEY (merchant_id, legal_entity_id) REFERENCES billing_merchantaccount (id, legal_entity_id)
    DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION grafik_keep_ownership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.location_id, NEW.legal_entity_id, NEW.valid_from)
            IS NOT DISTINCT FROM (OLD.location_id, OLD.legal_entity_id, OLD.valid_from) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT 1 FROM billing_providerorder o
        WHERE o.location_id = OLD.location_id AND o.legal_entity_id = OLD.legal_entity_id
            AND o.owned_on >= OLD.valid_from
            AND NOT EXISTS (SELECT 1 FROM billing_ownership later WHERE later.location_id = OLD.location_id
                            AND later.valid_from > OLD.valid_from AND later.valid_from <= o.owned_on)
    ) THEN
        RAISE EXCEPTION 'ownership %: orders were made under it', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ownership_keeps_its_orders';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER ownership_keeps_its_orders BEFORE DELETE OR UPDATE OF location_id, legal_entity_id, valid_from
    ON billing_ownership FOR EACH ROW EXECUTE FUNCTION grafik_keep_ownership();
"""

SHOPS = """
CREATE UNIQUE INDEX shop_registered_once ON billing_merchantaccount
    (provider, lower(COALESCE(settings->>'login', settings->>'public_id')));
"""

MONEY = """
CREATE TRIGGER payment_keeps_its_order BEFORE UPDATE OF order_id ON billing_payment
    FOR EACH ROW WHEN (NEW.order_id IS DISTINCT FROM OLD.order_id) EXECUTE FUNCTION grafik_refuse_change();

CREATE FUNCTION grafik_check_refund_shop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.merchant_id IS NOT NULL AND NEW.merchant_id IS DISTINCT FROM
            (SELECT p.merchant_id FROM billing_payment p WHERE p.id = NEW.payment_id) THEN
        RAISE EXCEPTION 'refund of payment %: shop % did not take it', NEW.payment_id, NEW.merchant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_by_the_payments_merchant';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refund_by_the_payments_merchant BEFORE INSERT ON billing_refund
    FOR EACH ROW EXECUTE FUNCTION grafik_check_refund_shop();
"""

UNDO = """
DROP TRIGGER refund_by_the_payments_merchant ON billing_refund;
DROP FUNCTION grafik_check_refund_shop;
DROP TRIGGER payment_keeps_its_order ON billing_payment;
DROP INDEX shop_registered_once;
DROP TRIGGER ownership_keeps_its_orders ON billing_ownership;
DROP FUNCTION grafik_keep_ownership;
ALTER TABLE billing_ownership DROP CONSTRAINT ownership_by_the_entitys_merchant;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_number_of_a_shop")]
    operations = [migrations.RunSQL(OWNERSHIPS + SHOPS + MONEY, UNDO)]
