"""Ownership, enforced by the database: whose shop may ask for, and take, a deal's money.

The owner of a deal is the owner of its location on the day of service where that is known, else on the day of
the order; without a location it is the account's own legal entity.
1. A new order names exactly that location, day, owner and shop, and none of them changes afterwards.
2. A payment by an order went to the shop and the deal of that order.
3. A payment past the providers, or without an order, went to the deal's owner (on its own day where no day of
   service is known).
Money that nobody has placed yet belongs to no deal and so to no owner.
"""

from django.db import migrations

OWNER = """
CREATE FUNCTION grafik_owner(deal bigint, fallback date, OUT location bigint, OUT owned_on date,
                             OUT entity bigint, OUT merchant bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    place text;
    account bigint;
BEGIN
    SELECT d.location_value, d.account_id, COALESCE(d.service_on, fallback) INTO place, account, owned_on
        FROM crm_deal d WHERE d.id = deal;
    IF COALESCE(place, '') = '' THEN
        owned_on := fallback;
        SELECT p.legal_entity_id INTO entity FROM billing_accountpolicy p WHERE p.account_id = account;
        RETURN;
    END IF;
    SELECT l.id INTO location FROM billing_location l
        WHERE l.account_id = account AND l.crm_value = place ORDER BY l.id LIMIT 1;
    SELECT o.legal_entity_id, o.merchant_id INTO entity, merchant FROM billing_ownership o
        WHERE o.location_id = location AND o.valid_from <= owned_on ORDER BY o.valid_from DESC LIMIT 1;
END $$;
"""

ORDERS = """
CREATE FUNCTION grafik_check_order_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.deal_id, NEW.merchant_id, NEW.legal_entity_id, NEW.ordered_on)
                IS DISTINCT FROM (OLD.deal_id, OLD.merchant_id, OLD.legal_entity_id, OLD.ordered_on)
            OR (NEW.location_id, NEW.owned_on) IS DISTINCT FROM (OLD.location_id, OLD.owned_on) THEN
            RAISE EXCEPTION 'order %: its deal, day, location, owner and shop never change', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_the_owner';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO owner FROM grafik_owner(NEW.deal_id, NEW.ordered_on);
    IF owner.entity IS DISTINCT FROM NEW.legal_entity_id
        OR owner.location IS DISTINCT FROM NEW.location_id
        OR (owner.location IS NOT NULL AND (owner.merchant IS DISTINCT FROM NEW.merchant_id
                                            OR owner.owned_on IS DISTINCT FROM NEW.owned_on)) THEN
        RAISE EXCEPTION 'deal %: on % its owner is entity % with shop %, not entity % with shop %',
            NEW.deal_id, owner.owned_on, owner.entity, owner.merchant, NEW.legal_entity_id, NEW.merchant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_of_the_owner';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER order_of_the_owner BEFORE INSERT OR UPDATE OF
    deal_id, merchant_id, legal_entity_id, ordered_on, location_id, owned_on ON billing_providerorder
    FOR EACH ROW EXECUTE FUNCTION grafik_check_order_owner();
"""

PAYMENTS = """
CREATE FUNCTION grafik_check_payment_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ordered record;
    owner record;
    day date;
BEGIN
    IF NEW.order_id IS NOT NULL THEN
        SELECT o.deal_id, o.merchant_id, o.legal_entity_id INTO ordered
            FROM billing_providerorder o WHERE o.id = NEW.order_id;
        IF (ordered.deal_id, ordered.merchant_id, ordered.legal_entity_id)
                IS DISTINCT FROM (NEW.deal_id, NEW.merchant_id, NEW.legal_entity_id) THEN
            RAISE EXCEPTION 'payment by order %: deal, shop or owner are not those of the order', NEW.order_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_the_owner';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.deal_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT (NEW.received_at AT TIME ZONE a.time_zone)::date INTO day
        FROM crm_deal d JOIN crm_account a ON a.id = d.account_id WHERE d.id = NEW.deal_id;
    SELECT * INTO owner FROM grafik_owner(NEW.deal_id, day);
    IF owner.entity IS DISTINCT FROM NEW.legal_entity_id THEN
        RAISE EXCEPTION 'payment of deal %: on % its owner is entity %, not %',
            NEW.deal_id, owner.owned_on, owner.entity, NEW.legal_entity_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_the_owner';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payment_of_the_owner BEFORE INSERT ON billing_payment
    FOR EACH ROW EXECUTE FUNCTION grafik_check_payment_owner();
"""

UNDO = """
DROP TRIGGER payment_of_the_owner ON billing_payment;
DROP FUNCTION grafik_check_payment_owner;
DROP TRIGGER order_of_the_owner ON billing_providerorder;
DROP FUNCTION grafik_check_order_owner;
DROP FUNCTION grafik_owner;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_order_ownership"), ("crm", "0001_initial")]
    operations = [migrations.RunSQL(OWNER + ORDERS + PAYMENTS, UNDO)]
