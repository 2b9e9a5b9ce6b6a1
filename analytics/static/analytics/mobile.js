(() => {
  // i18n/ru.json
  var ru_default = {
    language: "ru",
    widget: {
      name: "График платежей",
      description: "График платежей в карточке сделки: расчёт, счета со ссылкой на оплату, чеки и долг клиента на одном экране.",
      short_description: "Рассрочка и счета в карточке сделки",
      tour_description: "Рассчитайте график платежей прямо в сделке: счета уйдут клиенту в срок, а оплата сама отразится в карточке."
    },
    settings: {
      connection: "Подключение",
      checking: "Проверяем",
      checking_text: "Спрашиваем сервер, знает ли он этот аккаунт…",
      connected: "Подключено",
      connected_text: "Сервер знает этот аккаунт. Откройте любую сделку: панель платежей стоит в правой колонке. Поля, этапы и напоминания администратор настраивает в разделе «Аналитика платежей», на вкладке «Настройка».",
      unknown_account: "Не подключено",
      unknown_account_text: "Сервер не знает этот аккаунт или ключи интеграции изменились. Попросите администратора подключить аккаунт заново.",
      not_installed: "Не установлено",
      not_installed_text: "Нажмите «Установить»: после этого здесь появится состояние подключения.",
      no_answer: "Нет ответа"
    },
    panel: {
      loading: "Загружаем платежи…",
      retry: "Повторить",
      stale: "Показаны последние известные данные: обновить их пока не удалось.",
      unsaved: "Сохраните сделку, чтобы рассчитать график платежей.",
      total: "Стоимость",
      paid: "Оплачено",
      debt: "Долг",
      overdue: "Просрочено",
      credit: "Переплата",
      written_off: "Списано",
      due_day: "День платежа",
      due_day_value: "{day}-е число",
      next: "Следующий платёж",
      bar: "Оплачено {paid} из {total}, {percent} %",
      fold: "Свернуть",
      show_all: "Показать все ({n})",
      fees: "Пеня",
      promise: "Обещание",
      service_on: "День услуги",
      payer: "Плательщик",
      promise_broken: "Обещал и не заплатил",
      starts_on: "Начало",
      reminders: "Напоминания",
      next_late: "Не оплачен платёж"
    },
    state: {
      no_schedule: "Нет графика",
      prepaid: "Предоплата",
      on_schedule: "По графику",
      overdue: "Просрочено",
      paused: "На паузе",
      paid: "Оплачено",
      cancelled: "Отменено",
      no_links: "Ссылок ещё нет"
    },
    actions: {
      schedule: "Рассчитать график платежей",
      rebuild: "Изменить график",
      links: "Сформировать ссылки",
      full_payment: "Полная оплата",
      partial_payment: "Частичная оплата",
      invoice: "Выставить счёт",
      pay_url: "Ссылка для клиента",
      history: "История",
      document: "Документ",
      more: "Ещё действия",
      qr: "QR",
      analytics: "Аналитика",
      refund: "Вернуть деньги",
      settle: "Закрыть на другую сумму",
      cancel: "Отменить график",
      revoke: "Сменить ссылку клиента",
      pause: "Поставить на паузу",
      resume: "Снять с паузы",
      payer: "Плательщик",
      move: "Перенести",
      move_date: "Перенести один платёж",
      change_total: "Изменить стоимость",
      transfer: "Перевести в другой поток",
      sign: "Отметить подписанным",
      write_off: "Списать долг",
      reverse_write_off: "Отменить списание",
      waive_fees: "Простить пеню",
      decide_loss: "Решить, что с долгом",
      restore_price: "Исправить бюджет",
      promise: "Обещание оплаты",
      decide_date: "Ответить о переносе",
      stop: "Остановить счета или напоминания",
      go_on: "Возобновить",
      send: "Отправить счёт",
      send_again: "Отправить счёт ещё раз",
      reminders: "Напоминания клиенту",
      split: "Перевод за несколько сделок",
      service_rendered: "Услуга оказана"
    },
    copy: {
      link: "Ссылка",
      text: "Текст",
      done: "Скопировано",
      what_pay_url: "страница оплаты",
      name: "{label} ({what})",
      title: "Копировать",
      what_message: "сообщение клиенту"
    },
    installments: {
      title: "График",
      moved: "перенос на {day}",
      part: "осталось {rest}",
      payer: "платит {name}"
    },
    installment_state: {
      planned: "Запланирован",
      invoiced: "Счёт выставлен",
      partially_paid: "Оплачен частично",
      paid: "Оплачен",
      overdue: "Просрочен"
    },
    invoices: {
      title: "Счета",
      name: "Счёт {number}",
      send: "Отправить",
      resend: "Отправить ещё раз",
      not_sent: "не отправлен",
      void: "Аннулировать"
    },
    invoice_state: {
      open: "Ждёт оплаты",
      paid: "Оплачен",
      void: "Аннулирован"
    },
    channel: {
      email: "письмо",
      salesbot: "Salesbot",
      sms: "СМС"
    },
    sent_state: {
      waiting: "отправляется",
      failed: "не доставлено",
      parked: "не доставлено",
      not_needed: "не понадобилось",
      handed_over: "передано боту"
    },
    payments: {
      title: "Платежи",
      refunded: "Возвращено {amount}",
      uncounted: "не учтён",
      refund: "Вернуть",
      move: "Перенести",
      moved: "Перенесено в другую сделку: {amount}",
      moved_from: "Перенесён из другой сделки",
      receipt_send: "Отправить чек",
      reverse: "Записан по ошибке",
      reversed: "Снят как ошибочный: {amount}"
    },
    method: {
      card: "Карта",
      sbp: "СБП",
      cash: "Наличные",
      card_terminal: "Карта через терминал",
      bank_transfer: "Перевод на счёт",
      other: "Другой способ"
    },
    receipt: {
      none: "Чека пока нет",
      planned: "Чек готовится",
      sent: "Чек отправлен в кассу",
      registered: "Чек",
      failed: "Чек не пробит",
      not_required: "Чек не нужен",
      open: "Чека нет"
    },
    receipt_reason: {
      organisation_transfer: "перевод от организации",
      npd: "чек самозанятого",
      other_register: "пробит на другой кассе",
      no_register: "онлайн-касса не подключена",
      no_register_for_cash: "пробейте на кассе",
      none_yet: "ещё не пробит",
      method_unknown: "способ оплаты неизвестен",
      currency: "оплата не в рублях",
      unplaced: "платёж не привязан к сделке",
      no_tax_setting: "не указан налоговый режим",
      other: "спросите бухгалтера"
    },
    links: {
      deposit: "Предоплата",
      full: "Полная оплата",
      open: "Открыть"
    },
    documents: {
      title: "Документы",
      new: "Новый документ",
      which: "Какой документ",
      make: "Сделать",
      loading: "Смотрим, что можно сделать…",
      made: "Готово. Файл появится и в сделке.",
      open: "Открыть",
      opening: "Открываем документ…",
      blocked: "Браузер не дал открыть вкладку. Разрешите всплывающие окна для этой страницы.",
      not_opened: "Документ не открылся"
    },
    link_state: {
      open: "Ждёт оплаты",
      paid: "Оплачена",
      closed: "Закрыта"
    },
    way_out: {
      no_email: "Добавьте e-mail в контакт сделки или скопируйте ссылку для клиента.",
      check_again: "Проверить ещё раз",
      show_payments: "Показать платежи"
    },
    dialog: {
      save: "Сохранить",
      cancel: "Отменить",
      close: "Закрыть",
      retry: "Повторить",
      unknown: "Неизвестно, успел ли сервер записать. Нажмите «Повторить»: второй раз это не запишется.",
      stale: "Сделка изменилась, пока окно было открыто"
    },
    schedule: {
      title: "График платежей",
      title_rebuild: "Изменить график",
      total: "Бюджет сделки",
      received: "Получено",
      debt: "Долг",
      by: "Как считать",
      by_count: "По числу платежей",
      by_amount: "По сумме в месяц",
      count: "Платежей",
      monthly: "Платёж в месяц",
      first: "Первый платёж",
      due_day: "День платежа",
      due_day_hint: "пусто: как у первого",
      down: "Первый взнос",
      down_hint: "если есть",
      down_on: "Дата взноса",
      round: "Округление",
      round_none: "до копейки",
      round_1: "до рубля",
      round_100: "до 100 ₽",
      remainder: "Остаток",
      remainder_last: "в последний платёж",
      remainder_first: "в первый платёж",
      shift: "Переносить с выходных на рабочий день",
      reason: "Причина изменения",
      reason_hint: "останется в истории сделки",
      preview: "Что получится",
      number: "№",
      day: "Дата",
      amount: "Сумма",
      sum: "Итого, {count}",
      payments: {
        one: "{n} платёж",
        few: "{n} платежа",
        many: "{n} платежей"
      },
      changes: "Что изменится",
      counting: "Считаем…",
      incomplete: "Заполните поля слева: график появится здесь.",
      wrong: {
        total: "Укажите сумму больше нуля",
        count: "Укажите число платежей",
        monthly_amount: "Укажите сумму больше нуля",
        first_due_on: "Укажите дату",
        due_day: "Укажите день от 1 до 31",
        down_payment: "Укажите сумму больше нуля",
        reason: "Напишите, почему меняется график",
        down_payment_on: "Укажите дату"
      },
      more: "Периодичность, округление и выходные",
      summary: "{count}, всего {sum}",
      pick: "Выбрать дату в календаре",
      day_example: "ДД.ММ.ГГГГ",
      stale: "График изменил кто-то другой. То, что вы ввели, осталось в полях.",
      stale_reload: "Обновить и пересчитать",
      templates: "Готовые графики",
      template_gone: "Этот шаблон не подошёл: проверьте сумму и попробуйте ещё раз.",
      every: "Как часто",
      every_months_1: "раз в месяц",
      every_months_2: "раз в два месяца",
      every_months_3: "раз в квартал",
      every_days_7: "раз в неделю",
      every_days_14: "раз в две недели",
      every_months: "раз в {n} мес.",
      every_days: "раз в {n} дн."
    },
    payment: {
      full_title: "Полная оплата",
      partial_title: "Частичная оплата",
      stale: "Долг изменился, пока окно было открыто. Платёж не записан; то, что вы ввели, осталось в полях.",
      stale_reload: "Обновить долг",
      full_question: "Клиент внёс весь долг",
      full_submit: "Записать {amount}",
      partial_submit: "Записать платёж",
      amount: "Сумма",
      paid_on: "Дата оплаты",
      method: "Способ",
      receipt: "Чек",
      receipt_default: "по настройкам",
      receipt_make: "пробить сейчас",
      receipt_later: "чека пока нет",
      comment: "Комментарий",
      will_happen: "Что произойдёт",
      effect_recorded: "платёж на {amount} закроет все строки графика;",
      effect_closed: "неоплаченные счета и напоминания больше не понадобятся;",
      effect_stage: "сделка перейдёт на этап, настроенный для полной оплаты.",
      debt_now: "Долг сейчас {debt}",
      left: "После платежа останется {left}",
      covers_all: "Долг будет закрыт полностью",
      over: "Это больше долга: {over} станет переплатой.",
      wrong_amount: "Укажите сумму больше нуля",
      wrong_day: "Укажите дату",
      future_day: "Не позже {today}",
      receipt_made: "уже пробит на другой кассе",
      receipt_none: "чек не нужен",
      fn: "ФН",
      fd: "ФД",
      fpd: "ФПД",
      none: "Почему не нужен",
      none_organisation_transfer: "перевод от организации",
      none_npd: "чек самозанятого",
      none_other: "другая причина",
      wrong_number: "Только цифры с чека",
      effect_debt: "платёж на {amount} закроет долг;",
      effect_closes: "закроются платежи № {rows};",
      effect_closes_one: "закроется платёж № {rows};",
      effect_begins: "платёж № {row} закроется частично;",
      effect_links: "ссылки попросят только остаток;",
      effect_later: "деньги войдут в график, когда его рассчитают;",
      fate_make: "чек пробьёт онлайн-касса; где её нет, платёж останется в списке «Деньги без чека»",
      fate_later: "платёж останется в списке «Деньги без чека»",
      fate_made: "нового чека не будет: запомним номера этого",
      fate_none: "чека не будет, причина останется у платежа",
      fate_us: "чек пробьёт онлайн-касса и отправит клиенту",
      fate_elsewhere: "чек пробиваете вы на своей кассе",
      fate_other_register: "чек пробиваете вы на своей кассе",
      fate_nobody: "чек не нужен",
      fate_organisation_transfer: "перевод от организации: чек не нужен",
      fate_npd: "чек самозанятый делает сам в «Мой налог»",
      fate_open: "платёж останется в списке «Деньги без чека»",
      fate_no_register: "онлайн-касса не подключена: платёж останется в списке «Деньги без чека»",
      fate_no_register_for_cash: "чек на наличные пробейте на кассе: до этого платёж в списке «Деньги без чека»",
      fate_method_unknown: "способ неизвестен: платёж останется в списке «Деньги без чека»"
    },
    invoice: {
      title: "Выставить счёт",
      for_row: "Платёж № {number}, срок {day}",
      amount: "Сумма счёта",
      submit: "Выставить счёт",
      channels: "Куда отправить",
      by_email: "На почту {to}",
      no_channel: "Отправить некуда: у клиента нет e-mail.",
      send_lead: "Клиент получит счёт на {amount} со ссылкой на оплату.",
      sent_before: "Уже отправляли",
      loading: "Смотрим текст сообщения…",
      message: "Что получит клиент",
      issued: "Счёт выставлен. Отправьте клиенту ссылку или сообщение.",
      issued_sent: "Счёт выставлен и отправляется клиенту.",
      by_salesbot: "В мессенджер через Salesbot",
      by_sms: "СМС на {to}"
    },
    history: {
      title: "История",
      empty: "Пока ничего не происходило."
    },
    notice: {
      schedule: "График сохранён",
      payment: "Платёж записан",
      invoice: "Счёт выставлен",
      sent: "Счёт отправляется",
      links_failed: "Ссылки не сформированы",
      copy_failed: "Браузер не дал скопировать",
      void: "Счёт аннулирован",
      refund: "Возврат принят",
      settled: "Сделка закрыта",
      cancelled: "График отменён",
      revoked: "Ссылка клиента заменена",
      analytics_failed: "Аналитика не открылась",
      moved: "Деньги перенесены",
      payer: "Плательщик сохранён",
      paused: "Сделка на паузе",
      resumed: "Пауза снята",
      signed: "График отмечен подписанным",
      transferred: "Клиент переведён",
      written_off: "Долг обновлён",
      waived: "Пеня прощена",
      decided: "Решение записано",
      price: "Бюджет исправлен",
      receipt: "Чек отправляется",
      promise: "Обещание записано",
      stopped: "Остановлено",
      going_on: "Возобновлено",
      split: "Перевод записан",
      reversed: "Платёж снят",
      rendered: "Услуга отмечена оказанной",
      reminders: "Пожелание записано",
      document_sent: "Документ отправляется",
      act_accepted: "Акт отмечен подписанным",
      act_void: "Акт аннулирован"
    },
    problem: {
      offline: "Нет связи с сервером платежей.",
      unauthorized: "amoCRM не подтвердила вход. Обновите страницу и попробуйте ещё раз.",
      broken: "Сервер платежей ответил не так, как ожидалось.",
      status_403: "У вас нет доступа к платежам этой сделки.",
      status_404: "Сервер платежей не знает эту сделку.",
      status_409: "Данные уже изменил кто-то другой.",
      status_422: "Так сделать нельзя: проверьте поля.",
      status_429: "Слишком много запросов. Подождите немного.",
      status_503: "amoCRM или платёжная система сейчас не отвечает."
    },
    sent: {
      on: "{channel} {day}",
      state: "{channel} {state}"
    },
    who: {
      system: "Система",
      staff: "Сотрудник",
      payer: "Клиент",
      user: "Пользователь {id}"
    },
    advanced: {
      title: "Аналитика платежей"
    },
    analytics: {
      loading: "Считаем…",
      excel: "Скачать Excel",
      registry: "Реестр для бухгалтера",
      making: "Готовим файл: {progress} %",
      excel_failed: "Файл не получился",
      period: "Период",
      preset_month: "Этот месяц",
      preset_last_month: "Прошлый месяц",
      preset_quarter: "Квартал",
      preset_year: "Год",
      preset_all: "Всё время",
      preset_own: "Свой период",
      from: "С",
      to: "По",
      wrong_day: "Укажите дату",
      ends_before: "Раньше начала периода",
      known_at: "Как было известно на",
      not_yet: "Этот день ещё не настал",
      known_then: "Показано так, как было известно на {day}: без того, что случилось или узнали позже.",
      known_now: "Показать как сейчас",
      any: "Все",
      group_programme: "Направление",
      group_cohort: "Поток",
      group_manager: "Менеджер",
      group_location: "Локация",
      group_legal_entity: "Юрлицо",
      received: "Получено",
      expected: "Ожидается",
      overdue: "Просрочено",
      on_time: "Оплачено вовремя",
      on_time_hint: "от сумм, срок которых настал",
      next_month: "след. месяц: {sum}",
      by_month: "По месяцам",
      month: "Месяц",
      as_table: "Показать таблицей",
      chart_label: "Получено, просрочено и ожидается по месяцам: {count}. Суммы в таблице ниже.",
      months: {
        one: "{n} месяц",
        few: "{n} месяца",
        many: "{n} месяцев"
      },
      millions: "{n} млн",
      thousands: "{n} тыс.",
      groups: "По группам",
      unknown: "Не указано",
      nothing: "За этот период ничего нет.",
      aging: "Возраст просрочки",
      aging_excel: "Excel по должникам",
      days: "{range} дней",
      debtors: "Просрочка по {count}",
      no_debt: "Просроченных платежей нет.",
      deals: {
        one: "{n} сделке",
        few: "{n} сделкам",
        many: "{n} сделкам"
      },
      rows: "Что показать",
      more: "Показать ещё",
      more_failed: "Не удалось показать ещё",
      no_received: "За этот период денег не поступало.",
      no_expected: "За этот период ничего не ожидается.",
      no_overdue: "За этот период просрочки нет.",
      column_day: "Дата",
      column_client: "Клиент",
      column_course: "Направление",
      column_manager: "Менеджер",
      column_method: "Способ",
      column_number: "Платёж",
      column_sum: "Сумма",
      refund: "Возврат",
      of: "из {sum}",
      late: "просрочен на {days}",
      payment_number: "№ {n}",
      day: {
        one: "{n} день",
        few: "{n} дня",
        many: "{n} дней"
      },
      month_1: "янв",
      month_2: "фев",
      month_3: "мар",
      month_4: "апр",
      month_5: "май",
      month_6: "июн",
      month_7: "июл",
      month_8: "авг",
      month_9: "сен",
      month_10: "окт",
      month_11: "ноя",
      month_12: "дек",
      opening: "Открываем аналитику…",
      pass_ended: "Вход в аналитику закончился. Откройте её ещё раз из карточки сделки в amoCRM."
    },
    attempts: {
      title: "Попытки оплаты",
      opened: "Открыл страницу оплаты",
      declined: "Оплата не прошла",
      next: "Что дальше:",
      next_opened: "клиент дошёл до оплаты и не заплатил. Спросите, что помешало, и отправьте ссылку ещё раз.",
      next_declined: "передайте клиенту причину. Ссылка прежняя: по ней можно заплатить другой картой или через СБП."
    },
    qr: {
      title: "Оплата по QR-коду",
      page: "Страница оплаты",
      which: "Что оплатить",
      label: "QR-код: {name}",
      how: "Клиент наводит камеру телефона и платит на своей странице.",
      too_long: "Адрес слишком длинный для QR-кода: скопируйте его."
    },
    refund: {
      title: "Возврат денег",
      submit: "Вернуть",
      payment: "Какой платёж вернуть",
      payment_line: "{day}, {amount}, {method}",
      amount: "Сумма",
      method: "Как вернуть",
      by_provider: "туда, откуда платили",
      by_cash: "наличными",
      by_bank_transfer: "переводом на счёт",
      reason: "Причина возврата",
      effect_provider: "{amount} вернутся клиенту через платёжную систему; в карточке — когда она подтвердит;",
      effect_cash: "{amount} вы выдадите наличными; в карточке — когда выплату отметят;",
      effect_bank_transfer: "{amount} вернёт бухгалтер переводом; в карточке — когда выплату отметят;",
      effect_debt: "долг станет {amount}: строки графика откроются с последней;",
      effect_receipt: "чек возврата будет сделан по чеку платежа.",
      effect_no_receipt: "у платежа нет чека: чек возврата встанет рядом в «Деньги без чека».",
      effect_other_register: "чек возврата пробивает касса, которая пробила платёж.",
      effect_not_required: "чек возврата не нужен, как и чек платежа.",
      too_much: "Не больше {amount}",
      wrong_reason: "Напишите, почему возвращаются деньги"
    },
    decision: {
      reason: "Причина",
      wrong_reason: "Напишите причину"
    },
    settle: {
      title: "Закрыть на другую сумму",
      submit: "Закрыть сделку",
      total: "Итоговая стоимость",
      hint: "Получено {paid}. Скидка, после которой остаётся долг, — это «Изменить график».",
      above: "Не больше полученного: {paid}",
      effect_total: "стоимость сделки станет {total}, долга не будет;",
      effect_rows: "неоплаченные строки и счета снимутся, напоминаний не будет;",
      effect_credit: "{over} станут переплатой: их можно вернуть или перенести.",
      retained: "За что удержано",
      retained_nothing: "ничего не удержано",
      retained_rendered_part: "за оказанную часть услуги",
      retained_actual_costs: "фактические расходы",
      retained_late_cancellation: "поздняя отмена",
      retained_no_show: "неявка",
      retained_security_deposit: "обеспечительный платёж",
      hint_deposit: "Получено {paid}. Если после скидки остаётся долг, используйте «Изменить стоимость»."
    },
    cancel: {
      title: "Отменить график",
      submit: "Отменить график",
      effect_rows: "неоплаченные строки на {debt} снимутся;",
      effect_quiet: "счета и напоминания больше не уйдут;",
      effect_money: "полученные {paid} останутся в сделке: вернуть их — отдельное действие.",
      keep: "Не отменять"
    },
    void: {
      title: "Аннулировать счёт {number}",
      submit: "Аннулировать",
      effect_link: "ссылка из счёта будет просить первую неоплаченную строку;",
      effect_debt: "долг и график не изменятся."
    },
    revoke: {
      title: "Сменить ссылку клиента",
      submit: "Сменить ссылку",
      effect_old: "прежняя ссылка и ссылки из счетов перестанут открываться сразу;",
      effect_new: "новую ссылку нужно отправить клиенту."
    },
    refund_state: {
      requested: "Возврат ждёт отправки:",
      sent: "Возврат отправлен:",
      waiting: "Возврат ждёт:",
      done: "Возвращено",
      failed: "Возврат не прошёл:",
      given_up: "Выплата отменена:",
      chargeback: "Отозвано банком:"
    },
    move: {
      title: "Перенести деньги",
      submit: "Перенести",
      lead: "Платёж {amount}, можно перенести {left}. Вторая сделка должна быть того же юрлица.",
      deal: "Номер сделки",
      other_deals: "Другие сделки клиента",
      looking: "Ищем другие сделки клиента…",
      nothing_found: "Других сделок с долгом у клиента нет.",
      not_found: "Другие сделки клиента не нашлись: введите номер.",
      owes: "долг {debt}",
      wrong_deal: "Укажите номер сделки",
      effect_there: "{amount} уйдут в сделку {lead} и уменьшат её долг;",
      effect_other: "{amount} уйдут в другую сделку и уменьшат её долг;",
      effect_debt: "здесь долг станет {debt};",
      effect_credit: "здесь долг не изменится: переносится переплата;",
      effect_receipt: "нового чека не будет."
    },
    dp: {
      title: "График платежей",
      action: "Что сделать",
      hook_key: "Ключ подключения",
      what: "Что сделать, когда сделка попадёт сюда",
      action_schedule: "Рассчитать график из полей сделки",
      action_links: "Сформировать ссылки на оплату",
      action_invoice: "Выставить и отправить счёт",
      action_stop_reminders: "Остановить напоминания",
      asking: "Получаем ключ подключения…"
    },
    salesbot: {
      name: "Ссылка на оплату",
      what: "Что оплатить: installment, deposit, full или overdue",
      which: "Что оплатить по ссылке",
      what_installment: "Ближайший платёж",
      what_deposit: "Предоплату",
      what_full: "Весь долг",
      what_overdue: "Просроченное",
      exit_success: "Ссылка отправлена",
      exit_fail: "Ссылки нет: платить нечего"
    },
    mobile: {
      no_deal: "Откройте виджет из карточки сделки."
    },
    life: {
      paused: "На паузе с {day}: {reason}",
      paused_until: "На паузе с {day} до {until}: {reason}",
      settled: "Закрыта на другую сумму: {reason}",
      cancelled: "График отменён: {reason}",
      signed: "График подписан {day}"
    },
    pause: {
      title: "Поставить на паузу",
      submit: "Поставить на паузу",
      until: "До какого дня",
      until_hint: "пусто: пока не снимут",
      effect_quiet: "счетов, напоминаний и задач не будет;",
      effect_debt: "долг и даты не изменятся, платить по ссылке можно."
    },
    resume: {
      title: "Снять с паузы",
      submit: "Снять с паузы",
      since: "На паузе с {day}: {reason}",
      shift: "Сдвинуть неоплаченные платежи на срок паузы",
      effect_shifted: "даты неоплаченных платежей сдвинутся;",
      effect_dates: "даты останутся прежними, прошедшие станут просрочкой;",
      effect_again: "счета и напоминания пойдут снова."
    },
    sign: {
      title: "График подписан",
      submit: "Отметить",
      on: "Дата подписания",
      effect: "дальше график сможет менять только администратор amoCRM."
    },
    move_date: {
      title: "Перенести один платёж",
      submit: "Перенести",
      which: "Какой платёж",
      row: "№ {number}, {day}, {amount}",
      to: "Новая дата",
      effect_others: "остальные платежи останутся на своих датах;",
      effect_reminders: "напоминания пойдут от новой даты."
    },
    change_total: {
      title: "Изменить стоимость",
      submit: "Изменить",
      spread: "Где учесть разницу",
      evenly: "поровну во всех неоплаченных",
      at_the_end: "в последних платежах",
      due_on: "Когда доплатить",
      effect: "долг станет {debt}, даты останутся;",
      effect_invoices: "счета изменённых платежей заменятся.",
      same: "Стоимость и так такая"
    },
    transfer: {
      title: "Перевести в другой поток",
      submit: "Перевести",
      programme: "Направление",
      cohort: "Поток",
      same: "Укажите другое направление или поток",
      effect: "деньги и неоплаченные платежи останутся при клиенте."
    },
    payer: {
      title: "Плательщик",
      submit: "Сохранить",
      kind: "Кто платит",
      kind_contact: "контакт сделки",
      kind_company: "организация",
      kind_third_party: "другой человек",
      name: "Название или имя",
      inn: "ИНН",
      kpp: "КПП",
      address: "Адрес",
      email: "E-mail для счетов",
      wrong_name: "Укажите плательщика",
      effect_contact: "счета и возвраты пойдут контакту сделки.",
      effect_company: "счета уйдут организации; перевод от неё чека не требует.",
      effect_third_party: "счета уйдут этому человеку; возврат — тому, кто платил.",
      row: "За что платит",
      whole_deal: "вся сделка",
      effect_row_contact: "платёж № {number} оплачивается как вся сделка.",
      effect_row_other: "счёт и напоминания о платеже № {number} уйдут этому плательщику."
    },
    pages: {
      which: "Страница",
      figures: "Аналитика",
      setup: "Настройка"
    },
    setup: {
      title: "Настройка",
      connection: "Подключение",
      fields: "Поля сделки",
      stages: "Этапы воронок",
      rules: "Счета и напоминания",
      trial: "Проверка",
      state_connected: "Подключено",
      state_needs_reconnect: "Нужно подключить заново",
      state_uninstalled: "Отключено",
      connect: "Подключить аккаунт",
      panel: "Все настройки в панели",
      unused: "не используется",
      make: "Создать поле «{name}»",
      deposit_status: "Внесена предоплата",
      paid_status: "Оплачено до оказания услуги",
      completed_status: "Оплачено полностью",
      overdue_status: "Просрочка",
      issue_at: "Счета уходят в",
      issue_days_before: "Дней до срока платежа",
      salesbot: "Salesbot для сообщений",
      reminders: "Напоминания",
      reminders_hint: "Дней от срока платежа: −3 — за три дня, 1 — на следующий день.",
      step_days: "Напоминание {n}: дней от срока",
      channel_email: "письмо",
      channel_salesbot: "мессенджер",
      add_step: "Добавить напоминание",
      drop_step: "Убрать",
      trial_hint: "Запишем, прочитаем и вернём на место одно поле этой сделки.",
      try: "Проверить",
      saved: "Сохранено"
    },
    write_off: {
      title: "Списать долг",
      submit: "Списать",
      effect_debt: "долг станет {debt};",
      effect_quiet: "за списанное никто не напомнит;",
      effect_later: "если деньги всё же придут, списание отменится на их сумму."
    },
    reverse_write_off: {
      title: "Отменить списание",
      submit: "Отменить списание",
      effect: "{amount} снова станут долгом.",
      keep: "Оставить списанным"
    },
    waive_fees: {
      title: "Простить пеню",
      submit: "Простить",
      effect: "пеня {amount} больше не спрашивается."
    },
    loss: {
      title: "Сделка проиграна, долг остался",
      submit: "Решить",
      settle: "Закрыть на полученном",
      pause: "Поставить на паузу",
      go_on: "Продолжать получать долг",
      effect_settle: "долга больше не будет, полученное останется.",
      effect_pause: "счетов и напоминаний не будет, долг останется.",
      effect_go_on: "счета и напоминания пойдут дальше."
    },
    restore_price: {
      title: "Исправить бюджет сделки",
      submit: "Исправить",
      effect: "бюджет в amoCRM станет {total}, как в графике."
    },
    receipt_send: {
      title: "Отправить чек",
      submit: "Отправить",
      to: "E-mail",
      wrong: "Укажите e-mail",
      effect: "уйдёт готовый чек, нового не будет."
    },
    promise: {
      title: "Обещание оплаты",
      submit: "Записать",
      until: "До какого дня",
      effect_quiet: "до этого дня напоминания подождут;",
      effect_debt: "просрочка останется просрочкой, исполнение запишется само."
    },
    stop: {
      title: "Остановить",
      submit: "Остановить",
      what: "Что",
      reminders: "напоминания",
      invoices: "счета",
      effect_reminders: "напоминания по этой сделке не уйдут;",
      effect_invoices: "новые счета по этой сделке сами не уйдут;",
      effect_debt: "долг и просрочка считаются как прежде."
    },
    go_on: {
      title: "Возобновить",
      submit: "Возобновить",
      effect: "дальше всё пойдёт по правилам аккаунта."
    },
    date_request: {
      title: "Клиент просит другую дату",
      submit: "Ответить",
      lead: "Платёж № {number}: вместо {was} — {wanted}.",
      grant: "Согласиться",
      refuse: "Отказать",
      effect_grant: "платёж перейдёт на {wanted}, остальные останутся.",
      effect_refuse: "дата останется прежней: {was}."
    },
    document_send: {
      title: "Отправить документ",
      submit: "Отправить",
      effect_mail: "клиент получит письмо с файлом PDF;",
      effect_page: "документ появится на его странице оплаты."
    },
    act: {
      on: "Дата акта"
    },
    act_state: {
      open: "Клиент ещё не подписал",
      accepted: "Подписан {day}",
      void: "Аннулирован"
    },
    act_accept: {
      button: "Подписан",
      title: "Клиент подписал акт",
      submit: "Отметить подписанным",
      before: "Акт составлен {day}: раньше его не подписывают.",
      effect_mark: "акт будет отмечен подписанным; услуга этим оказанной не станет;",
      effect_rendered: "услуга на {amount} будет отмечена оказанной {day};",
      effect_stays: "подписанный акт уже не аннулировать."
    },
    act_void: {
      button: "Аннулировать",
      title: "Аннулировать акт",
      submit: "Аннулировать",
      effect_hidden: "клиент больше не увидит акт на своей странице;",
      effect_sum: "на эту сумму можно будет сделать новый."
    },
    split: {
      title: "Перевод за несколько сделок",
      submit: "Записать перевод",
      amount: "Сумма перевода",
      part: "Из них за сделку",
      row_deal: "Часть {number}: номер сделки",
      row_sum: "Часть {number}: сумма",
      add: "Добавить сделку",
      payer: "Кто перевёл",
      inn_hint: "10 цифр — организация",
      kpp_hint: "только у компании",
      wrong_kpp: "КПП — девять знаков, например 770001001",
      number: "Номер платёжного поручения",
      number_hint: "по нему второй раз не запишется",
      left: "ещё не разнесено {left}",
      over: "части больше перевода на {over}",
      effect_payments: "в сделках появится {count}, каждая уменьшит свой долг;",
      effect_once: "все сделки должны быть одного юрлица.",
      wrong_part: "Укажите номер и сумму каждой сделки",
      wrong_inn: "ИНН — 10 или 12 цифр",
      offers: "Другие сделки этого плательщика",
      offer: "{name}, долг {debt}"
    },
    reverse: {
      title: "Платёж записан по ошибке",
      submit: "Снять платёж",
      lead: "{amount}, {day}, {method}. Это не возврат: денег не было.",
      effect_rows: "закрытые им строки графика откроются, долг вырастет;",
      effect_receipt: "будет сделан чек возврата;",
      effect_history: "в истории останутся и платёж, и исправление."
    },
    rendered: {
      title: "Услуга оказана",
      submit: "Отметить оказанной",
      on: "Когда",
      amount: "На сумму",
      amount_hint: "пусто: всё, что осталось",
      effect_receipts: "по полученной предоплате будут сделаны чеки зачёта;",
      effect_debt: "долг и график не изменятся."
    },
    reminders: {
      title: "Напоминания клиенту",
      submit: "Сохранить",
      how: "Как напоминать",
      by_policy: "как настроено в аккаунте",
      by_email: "письмом",
      by_salesbot: "в мессенджер",
      by_sms: "СМС",
      by_none: "не напоминать",
      effect_payer: "так напомним по всем сделкам этого клиента;",
      effect_none: "ни по одной сделке этого клиента напоминания не уйдут;",
      effect_invoices: "счета уйдут как прежде."
    },
    messages: {
      title: "Сообщения клиенту",
      reminder: "Напоминание",
      receipt: "Чек",
      document: "Документ",
      charge: "Списание с карты",
      other: "Сообщение"
    },
    more: {
      client: "Клиент",
      schedule: "График",
      money: "Деньги"
    }
  };

  // src/api.js
  var API_URL = "https://grafik.invalid/api/v1/";
  var READ_LIMIT_MS = 15e3;
  var WRITE_LIMIT_MS = 3e4;
  var ApiError = class extends Error {
    /** `problem`: the RFC 9457 body, null when the server did not answer in its own words. */
    constructor(status, problem) {
      super(problem ? problem.detail || problem.title : `HTTP ${status}`);
      this.status = status;
      this.problem = problem;
      this.code = problem ? problem.code || "" : "";
      this.fields = problem && problem.errors || {};
    }
    /** Nobody knows whether the server did it: no answer at all, or somebody else's error page. */
    get unknown() {
      return this.status === 0 || this.status >= 500 && !this.problem || this.status < 300 && !this.problem;
    }
    /** Turned away before anybody looked at what was asked: no word on an earlier call with the same key. */
    get atTheDoor() {
      return [401, 403, 429].includes(this.status) || this.status >= 500;
    }
  };
  function makeApi(authorizedAjax, base = API_URL, language = "ru") {
    const addressOf = (path) => `${base}${path}${language === "ru" ? "" : `${path.includes("?") ? "&" : "?"}language=${language}`}`;
    function request(options, limit, fits) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new ApiError(0, null));
          if (call && call.abort) call.abort();
        }, limit);
        const call = authorizedAjax(options);
        call.then(
          (data) => {
            clearTimeout(timer);
            settle(200, data, fits, resolve, reject);
          },
          (xhr) => {
            clearTimeout(timer);
            settle(xhr && xhr.status || 0, xhr && xhr.responseText, fits, resolve, reject);
          }
        );
      });
    }
    return {
      get: (path, fits) => request({ url: addressOf(path), type: "GET", dataType: "text" }, READ_LIMIT_MS, fits),
      send: (method, path, body, key, fits) => request(
        {
          url: addressOf(path),
          type: method,
          dataType: "text",
          contentType: "application/json",
          headers: key ? { "Idempotency-Key": key } : {},
          data: JSON.stringify(body)
        },
        WRITE_LIMIT_MS,
        fits
      )
    };
  }
  function settle(status, text, fits, resolve, reject) {
    const body = parse(text);
    if (status >= 200 && status < 300) {
      if (body && (!fits || fits(body))) resolve(body);
      else reject(new ApiError(status, null));
    } else {
      reject(new ApiError(status, body && body.title ? body : null));
    }
  }
  function parse(text) {
    if (text && typeof text === "object") return text;
    try {
      return JSON.parse(text);
    } catch (error) {
      return null;
    }
  }

  // src/money.js
  var NBSP = " ";
  function toKopecks(amount) {
    const parts = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(amount));
    if (!parts) throw new Error(`not a sum of money: ${amount}`);
    const kopecks = BigInt(parts[2]) * 100n + BigInt((parts[3] || "").padEnd(2, "0"));
    return parts[1] ? -kopecks : kopecks;
  }
  function toAmount(kopecks) {
    const sign = kopecks < 0n ? "-" : "";
    const absolute = kopecks < 0n ? -kopecks : kopecks;
    return `${sign}${absolute / 100n}.${String(absolute % 100n).padStart(2, "0")}`;
  }
  function formatMoney(amount) {
    return `${formatNumber(amount)}${NBSP}₽`;
  }
  function formatNumber(amount) {
    const [whole, cents] = toAmount(toKopecks(amount)).split(".");
    const grouped = whole.replace("-", "−").replace(/\B(?=(\d{3})+$)/g, NBSP);
    return cents === "00" ? grouped : `${grouped},${cents}`;
  }
  function isPositive(amount) {
    return toKopecks(amount) > 0n;
  }
  function percent(part, whole) {
    const total = toKopecks(whole);
    return total > 0n ? Number(toKopecks(part) * 100n / total) : 0;
  }

  // src/card.js
  function isCard(answer) {
    return typeof answer.debt === "string" && Array.isArray(answer.actions);
  }
  function messageOf(card) {
    const { full } = card.links || {};
    return full && full.state === "open" ? full.text || "" : "";
  }

  // src/copy.js
  function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
    }
    return copyBySelection(text);
  }
  function copyBySelection(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.cssText = "position:fixed;opacity:0;pointer-events:none";
    document.body.appendChild(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied ? Promise.resolve() : Promise.reject(new Error("the clipboard is closed"));
  }

  // src/dialogs/copies.js
  var SAID_FOR_MS = 2e3;
  function connectCopies(form, t2) {
    form.addEventListener("click", (event) => {
      const button2 = event.target.closest('[data-action="copy"]');
      if (!button2) return;
      const label = button2.querySelector(".grafik-button__words");
      const before = label.textContent;
      const say = (words, done) => {
        label.textContent = words;
        button2.classList.toggle("grafik-button_done", done);
      };
      copyText(button2.dataset.text).then(
        () => say(t2("copy.done"), true),
        () => say(t2("notice.copy_failed"), false)
      ).then(() => setTimeout(() => say(before, false), SAID_FOR_MS));
    });
  }

  // src/fetching.js
  function fetchAs(own) {
    return (options) => {
      const abort = new AbortController();
      const answer = fetch(options.url, {
        method: options.type,
        body: options.data,
        signal: abort.signal,
        credentials: "same-origin",
        headers: { ...own, ...options.contentType ? { "Content-Type": options.contentType } : {}, ...options.headers }
      }).then(
        (response) => response.text().then((text) => ({ status: response.status, responseText: text })),
        () => ({ status: 0, responseText: "" })
      );
      return {
        abort: () => abort.abort(),
        then: (done, failed2) => answer.then((xhr) => xhr.status >= 200 && xhr.status < 300 ? done(xhr.responseText) : failed2(xhr))
      };
    };
  }

  // src/html.js
  var ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };
  var Markup = class {
    constructor(text) {
      this.text = text;
    }
    toString() {
      return this.text;
    }
  };
  function html(strings, ...values) {
    let text = strings[0];
    values.forEach((value, index) => {
      text += render(value) + strings[index + 1];
    });
    return new Markup(text);
  }
  function render(value) {
    if (value === null || value === void 0 || value === false || value === true) return "";
    if (value instanceof Markup) return value.text;
    if (Array.isArray(value)) return value.map(render).join("");
    return String(value).replace(/[&<>"'`]/g, (sign) => ESCAPES[sign]);
  }

  // src/problems.js
  function explain(t2, error) {
    if (error.status === 0) return { text: t2("problem.offline"), retry: true };
    if (error.status === 401) return { text: t2("problem.unauthorized"), retry: true };
    if (error.unknown) return { text: t2("problem.broken"), retry: true };
    const detail = error.problem && (error.problem.detail || error.problem.title);
    const own = t2.known(`problem.status_${error.status}`);
    return { text: detail || own || t2("problem.broken"), retry: error.status === 429 || error.status >= 500 };
  }

  // src/texts.js
  function makeTexts(translate, langs) {
    function find(path) {
      const inner = path.split(".").reduce((node, key) => node ? node[key] : void 0, langs);
      if (typeof inner === "string") return inner;
      const answer = translate(path);
      return typeof answer === "string" && answer !== path ? answer : "";
    }
    const t2 = (path, parameters) => fill(find(path) || path, parameters || {});
    t2.known = (path, parameters) => fill(find(path), parameters || {});
    t2.language = find("language") || "ru";
    const forms = t2.language === "en" ? englishForm : pluralForm;
    t2.count = (path, number) => t2(`${path}.${forms(number)}`, { n: number });
    return t2;
  }
  function pluralForm(number) {
    const tens = number % 100;
    const ones = number % 10;
    if (ones === 1 && tens !== 11) return "one";
    return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? "few" : "many";
  }
  function englishForm(number) {
    return number === 1 ? "one" : "many";
  }
  function fill(text, parameters) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => name in parameters ? parameters[name] : whole);
  }

  // src/views/controls.js
  var ICON_PATHS = {
    copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
    warning: "M10 3.5 17.5 16.5h-15zM10 8v4.2M10 14v.6",
    check: "M4 10.5 8.2 14.5 16 6",
    chevron: "M6 8l4 4 4-4",
    calendar: "M4 5.5h12v10.5H4zM4 9h12M7 3.5v3M13 3.5v3",
    cross: "M5 5l10 10M15 5 5 15",
    qr: "M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h2v2h-2zM14.5 11H16v1.5M14 14h2v2h-2zM11 15v1",
    chart: "M4 16V9M9 16V4M14 16v-6M3 16h14",
    history: "M10 5.5V10l3 2M3.5 10a6.5 6.5 0 1 0 2-4.7L3.5 7.2M3.5 3.5v3.7h3.7"
  };
  function icon(name) {
    return html`<svg class="grafik-icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false"><path d="${ICON_PATHS[name]}" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  }
  function button({ action, id = "", label, kind = "neutral", busy = false, name = "", before = "" }) {
    return html`<button type="button" class="grafik-button grafik-button_${kind}${busy ? " grafik-button_busy" : ""}"
    data-action="${action}" data-id="${id}" data-key="${action}:${id}"${name ? html` aria-label="${name}"` : ""}${busy ? html` aria-busy="true"` : ""}><span class="grafik-button__label">${before}${label}</span></button>`;
  }
  function copyButton({ t: t2, id, text, label, what, copied }) {
    const done = copied === id;
    const shown = done ? t2("copy.done") : label;
    return html`<button type="button" class="grafik-button grafik-button_small${done ? " grafik-button_done" : ""}"
    data-action="copy" data-id="${id}" data-key="copy:${id}" data-text="${text}" title="${t2("copy.title")}" aria-label="${t2("copy.name", { label: shown, what })}"><span class="grafik-button__label">${icon(done ? "check" : "copy")}<span class="grafik-button__words">${shown}</span></span></button>`;
  }
  function pill(tone, text) {
    return html`<span class="grafik-pill grafik-pill_${tone}">${text}</span>`;
  }

  // src/dates.js
  function formatDay(iso) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(iso));
    return parts ? `${parts[3]}.${parts[2]}.${parts[1]}` : "";
  }

  // src/views/callout.js
  function callout(tone, text, way = "") {
    return html`<div class="grafik-callout grafik-callout_${tone}">${icon(tone === "success" ? "check" : "warning")}<div class="grafik-callout__body"><div>${text}</div>${way}</div></div>`;
  }

  // src/views/summary.js
  var TONES = {
    no_schedule: "neutral",
    prepaid: "info",
    on_schedule: "success",
    overdue: "error",
    paused: "warning",
    paid: "success",
    cancelled: "neutral"
  };
  var MOST_SEGMENTS = 24;
  function summaryView(t2, card) {
    const owes = isPositive(card.debt);
    return html`
    <div class="grafik-head">
      ${pill(TONES[card.state] || "neutral", stateWords(t2, card))}
      ${courseView(card)}
      ${placeView(card)}
    </div>
    <div class="grafik-debt">
      <span class="grafik-debt__label">${owes ? t2("panel.debt") : t2("panel.paid")}</span>
      <span class="grafik-debt__sum" data-figure="${owes ? "debt" : "paid"}">${formatMoney(owes ? card.debt : card.paid)}</span>
    </div>
    ${barView(t2, card)}
    <dl class="grafik-figures">${figures(t2, card)}</dl>
    ${lifeView(t2, card)}`;
  }
  function stateWords(t2, card) {
    const state = card.state === "no_schedule" && card.mode === "deposit" ? "no_links" : card.state;
    return t2.known(`state.${state}`) || card.state;
  }
  function lifeView(t2, card) {
    const lines = [
      card.pause && t2(card.pause.until ? "life.paused_until" : "life.paused", { day: formatDay(card.pause.since), until: formatDay(card.pause.until), reason: card.pause.reason }),
      card.closing && t2(`life.${card.closing.kind}`, { reason: card.closing.reason }),
      card.signed && t2("life.signed", { day: formatDay(card.signed.on) })
    ].filter(Boolean);
    return lines.length ? html`<div class="grafik-life">${lines.map((words) => html`<p>${words}</p>`)}</div>` : "";
  }
  function courseView(card) {
    const words = [card.programme, card.cohort].filter(Boolean);
    return words.length ? html`<div class="grafik-course">${words.join(" · ")}</div>` : "";
  }
  function placeView(card) {
    const names = [card.location, card.legal_entity].filter(Boolean).map((one) => one.name);
    return names.length ? html`<div class="grafik-place">${names.join(" · ")}</div>` : "";
  }
  function barView(t2, card) {
    const label = t2("panel.bar", {
      paid: formatMoney(card.paid),
      total: formatMoney(card.total),
      percent: percent(card.paid, card.total)
    });
    return html`<div class="grafik-bar" role="img" aria-label="${label}" title="${label}">${segments(card)}</div>`;
  }
  function segments(card) {
    const rows = card.installments;
    if (!rows.length || rows.length > MOST_SEGMENTS) {
      return html`<span class="grafik-bar__segment" style="flex-grow:1">${fill2(percent(card.paid, card.total), "paid")}</span>`;
    }
    return rows.map(
      (row) => html`<span class="grafik-bar__segment grafik-bar__segment_${row.state}" style="flex-grow:${toKopecks(row.amount)}">${fill2(percent(row.paid, row.amount), row.state)}</span>`
    );
  }
  function fill2(share, state) {
    return html`<span class="grafik-bar__fill grafik-bar__fill_${state}" style="width:${share}%"></span>`;
  }
  function figures(t2, card) {
    const next = card.next;
    return [
      figure(t2("panel.total"), formatMoney(card.total), "total"),
      isPositive(card.debt) && figure(t2("panel.paid"), formatMoney(card.paid), "paid"),
      isPositive(card.overdue) && figure(t2("panel.overdue"), formatMoney(card.overdue), "overdue", "error"),
      isPositive(card.credit) && figure(t2("panel.credit"), formatMoney(card.credit), "credit", "warning"),
      isPositive(card.written_off) && figure(t2("panel.written_off"), formatMoney(card.written_off), "written_off"),
      card.fees && isPositive(card.fees.owed) && figure(t2("panel.fees"), formatMoney(card.fees.owed), "fees", "warning"),
      card.due_day && figure(t2("panel.due_day"), t2("panel.due_day_value", { day: card.due_day }), "due_day"),
      next && figure(t2(isLate(card, next) ? "panel.next_late" : "panel.next"), html`${formatMoney(next.amount)}<small>${formatDay(next.due_on)}</small>`, "next"),
      card.promise && figure(t2(card.promise.state === "broken" ? "panel.promise_broken" : "panel.promise"), promiseWords(card.promise), "promise", card.promise.state === "broken" ? "error" : "info"),
      card.service_on && figure(t2(card.mode === "deposit" ? "panel.service_on" : "panel.starts_on"), formatDay(card.service_on), "service_on"),
      card.reminders_by && figure(t2("panel.reminders"), t2(`reminders.by_${card.reminders_by}`), "reminders"),
      card.payer && card.payer.kind !== "person" && figure(t2("panel.payer"), card.payer.name, "payer")
    ];
  }
  function isLate(card, next) {
    const row = card.installments.find((one) => one.number === next.number);
    return Boolean(row) && row.state === "overdue";
  }
  function promiseWords(promise) {
    return html`${promise.amount && formatMoney(promise.amount)}<small>${formatDay(promise.until)}</small>`;
  }
  function figure(label, value, name, tone = "") {
    return html`<div class="grafik-figure${tone ? ` grafik-figure_${tone}` : ""}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd></div>`;
  }

  // src/views/panel.js
  function loadingView(t2) {
    return html`<div class="grafik-panel grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t2("panel.loading")}</span></div>`;
  }
  function failedView(t2, text, retry) {
    return html`<div class="grafik-panel" role="alert">${callout("error", text, retry && button({ action: "reload", label: t2("panel.retry") }))}</div>`;
  }

  // src/mobile.js
  var t = makeTexts(() => "", ru_default);
  var root = document.querySelector(".js-mobile");
  function leadOf(token2) {
    try {
      const claims = JSON.parse(atob(token2.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
      return Number(claims.data && claims.data.entity_id) || 0;
    } catch (error) {
      return 0;
    }
  }
  function cardView(card) {
    const buttons = [
      card.pay_url && copyButton({ t, id: "pay_url", text: card.pay_url, label: t("copy.link"), what: t("copy.what_pay_url"), copied: "" }),
      messageOf(card) && copyButton({ t, id: "message", text: messageOf(card), label: t("copy.text"), what: t("copy.what_message"), copied: "" })
    ];
    return html`<div class="grafik-panel grafik-panel_phone">${summaryView(t, card)}<div class="grafik-buttons">${buttons}</div></div>`;
  }
  function failed(error) {
    const final = error.status === 403 || error.status === 404;
    return failedView(t, explain(t, error).text, !final);
  }
  function show(token2) {
    const lead = leadOf(token2);
    const draw = (markup) => {
      root.innerHTML = String(markup);
    };
    if (!lead) {
      draw(failedView(t, t("mobile.no_deal"), false));
      return;
    }
    draw(loadingView(t));
    makeApi(fetchAs({ "X-Auth-Token": token2 }), "/api/v1/").get(`deals/${lead}/`).then(
      (card) => draw(isCard(card) ? cardView(card) : failed(new ApiError(200, null))),
      (error) => draw(failed(error))
    );
  }
  var token = new URL(window.location.href).searchParams.get("token") || "";
  root.addEventListener("click", (event) => event.target.closest('[data-action="reload"]') && show(token));
  connectCopies(root, t);
  show(token);
})();
