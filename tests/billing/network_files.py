"""Network files for tests: a whole one with every key, and a way to break it at one place."""

from textwrap import dedent

WHOLE = dedent(
    """\
    accounts:
      - key: school
        time_zone: Europe/Moscow
        issue: {at: "09:30", days_before: 2}
        subdomain: demoschool
        account_id: 31000001
        client_id: 7c1d5f2a-0000-4a11-9b11-aaaaaaaaaaaa
        client_secret: env:TEST_AMO_SECRET
        redirect_uri: https://pay.example.ru/oauth/amocrm/callback/
        access_token: env:TEST_AMO_TOKEN
        widget: {client_id: 7c1d5f2a-0000-4a11-9b11-bbbbbbbbbbbb, client_secret: widget-secret}
        webhook_key: 3f0c9a4be1d24c55a7a0d7f0c1e2b3a4
        mode: installments
        fields:
          programme: 910010
          cohort: 910011
          location: 910012
          service_on: 910013
          debt: 910020
          next_due_on: 910021
          next_amount: 910022
          payment_state: 910023
          payment_link: 910024
          deposit_link: 910025
          full_link: 910026
        pipelines:
          - id: 6100001
            completed_status: 142
            paid_status: 55000140
            deposit_status: 55000130
            overdue_status: 55000150
            lost_statuses: [143]
        fallback_user: 8100002
        starts_on: 2026-12-01
        cohorts:
          - {cohort: Поток 12, starts_on: 2026-10-01, ends_on: 2027-01-31, rendered: monthly}
        overdue_task: {type: 1, responsible: deal}
        reminders:
          - {days: -3, channels: [email]}
          - {days: 0, channels: [email]}
          - {days: 1, channels: [email, salesbot]}
        salesbot_id: 3301
        legal_entity: ooo-school
      - key: quests
        subdomain: demoquests
        account_id: 31000002
        client_id: 7c1d5f2a-0000-4a11-9b11-cccccccccccc
        client_secret: quests-secret
        redirect_uri: https://pay.example.ru/oauth/amocrm/callback/
        mode: deposit
        pipeline: {id: 6200001, completed_status: 142}
    legal_entities:
      - key: ooo-school
        kind: ooo
        name: ООО «Школа»
        inn: 7700000009
        kpp: "770101001"
        tax_system: usn_income
        vat: none
        merchants:
          - key: school-cloud
            provider: cloudpayments
            public_id: pk_demo_school
            api_secret: demo-cp-secret-school
      - key: ip-ivanov
        kind: ip
        name: ИП Иванов Иван Иванович
        inn: "770000000082"
        kpp: ""
        ogrn: "304770000000008"
        address: Москва
        site: https://quests.example.ru
        email: ivanov@example.ru
        phone: "+79160000000"
        vat_basis: ст. 346.11 НК РФ
        signatory:
          name: Иванов Иван Иванович
          position: Индивидуальный предприниматель
          name_genitive: Иванова Ивана Ивановича
          position_genitive: Индивидуального предпринимателя
          basis_genitive: свидетельства
        bank:
          bic: 049805746
          account: "40802810100000000001"
          correspondent: "30101810800000000746"
          name: Банк
        tax_system: [{from: 2025-01-01, tax_system: osn}, {from: 2027-01-01, tax_system: usn_income}]
        vat: [{from: 2025-01-01, vat: vat20}, {from: 2026-01-01, vat: vat22}]
        merchants:
          - key: ivanov-robokassa
            provider: robokassa
            login: ivanov
            password1: env:TEST_P1
            password2: second
            password3: third
            algorithm: sha256
            test: false
            test_password1: test-first
            test_password2: test-second
            receipts: order
            inv_id_from: 1000000000
            other_orders: accept
          - key: ivanov-cloud
            provider: cloudpayments
            public_id: pk_ivanov
            api_secret: ivanov-secret
            api_secret_previous: ivanov-old-secret
            cash_receipts: false
            receipts: true
            other_orders: https://old.example.ru/notices
    locations:
      - key: baumana
        account: quests
        name: Баумана, 44
        crm_value: Баумана, 44
        time_zone: Asia/Yekaterinburg
        legal_entity: ip-ivanov
        valid_from: 2026-01-01
        merchant: ivanov-robokassa
        deposit: {percent: 30, round_to: 100, minimum: 1000}
        deposit_due: {minutes: 180, same_day: 60, then: task}
        cash_receipts: desk
      - key: baumana
        account: quests
        legal_entity: ooo-school
        valid_from: 2026-07-01
        merchant: school-cloud
      - key: lenina
        account: quests
        name: Ленина, 1
        crm_value: 910077
        legal_entity: ip-ivanov
        valid_from: 2026-01-01
        merchant: ivanov-cloud
        deposit: {amount: 2000}
    products:
      - {programme: Нутрициолог, name: Курс «Нутрициолог», subject: service, vat: none}
      - programme: Психолог
        name: Курс «Психолог»
        vat: [{from: 2026-01-01, vat: vat5}]
    """
)
ENVIRONMENT = {"TEST_AMO_SECRET": "amo-secret", "TEST_AMO_TOKEN": "amo-token", "TEST_P1": "first-password"}


def changed(old: str, new: str, *, text: str = WHOLE) -> str:
    """The file with its only `old` replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def line_of(fragment: str, text: str) -> int:
    """The number (from 1) of the last line that has the fragment."""
    return max(n for n, line in enumerate(text.splitlines(), 1) if fragment in line)
