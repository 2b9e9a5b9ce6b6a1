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

  // src/answers.js
  var rows = (value) => Array.isArray(value);
  var words = (value) => typeof value === "string";
  var hasResults = (answer) => rows(answer.results);
  var isChoices = (answer) => words(answer.today);
  var isSummary = (answer) => words(answer.received) && rows(answer.by_period);
  var isAging = (answer) => rows(answer.buckets);
  var isJob = (answer) => words(answer.state);

  // src/api.js
  var API_URL = "https://grafik.invalid/api/v1/";
  var READ_LIMIT_MS = 15e3;
  var WRITE_LIMIT_MS = 3e4;
  var ApiError = class extends Error {
    /** `problem`: the RFC 9457 body, null when the server did not answer in its own words. */
    constructor(status, problem2) {
      super(problem2 ? problem2.detail || problem2.title : `HTTP ${status}`);
      this.status = status;
      this.problem = problem2;
      this.code = problem2 ? problem2.code || "" : "";
      this.fields = problem2 && problem2.errors || {};
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
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
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

  // src/dates.js
  function formatDay(iso) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(iso));
    return parts ? `${parts[3]}.${parts[2]}.${parts[1]}` : "";
  }
  function parseDay(typed) {
    const text = String(typed).trim();
    const local = /^(\d{1,2})[.,/](\d{1,2})[.,/](\d{4}|\d{2})$/.exec(text);
    const parts = local ? [local[3], local[2], local[1]] : text.split("-");
    if (parts.length !== 3 || !parts.every((part) => /^\d+$/.test(part))) return null;
    const [year, month, day2] = parts.map(Number);
    const date = new Date(Date.UTC(year < 100 ? 2e3 + year : year, month - 1, day2));
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day2 ? date.toISOString().slice(0, 10) : null;
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
  function href(address) {
    return /^https?:\/\//i.test(String(address)) ? String(address) : "#";
  }
  function render(value) {
    if (value === null || value === void 0 || value === false || value === true) return "";
    if (value instanceof Markup) return value.text;
    if (Array.isArray(value)) return value.map(render).join("");
    return String(value).replace(/[&<>"'`]/g, (sign) => ESCAPES[sign]);
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
  function link(address, label) {
    return html`<a class="grafik-link" href="${href(address)}" target="_blank" rel="noopener noreferrer">${label}</a>`;
  }

  // src/dialogs/fields.js
  function dateField({ t: t2, name, label, value = "", hint = "" }) {
    return field({
      name,
      label,
      hint,
      control: html`<span class="grafik-input grafik-input_suffix"><input class="grafik-input__box" id="grafik-${name}" name="${name}" type="text" value="${formatDay(value)}" inputmode="numeric"
      maxlength="10" placeholder="${t2("schedule.day_example")}" aria-describedby="grafik-${name}-error"><input class="grafik-input__native" type="date" data-picker="${name}" value="${value}" tabindex="-1" aria-hidden="true">
      <button type="button" class="grafik-input__pick" data-action="pick" data-id="${name}" aria-label="${label}: ${t2("schedule.pick")}">${icon("calendar")}</button></span>`
    });
  }
  function connectPickers(form) {
    form.addEventListener("click", (event) => {
      const button2 = event.target.closest('[data-action="pick"]');
      if (!button2) return;
      const native = form.querySelector(`[data-picker="${button2.dataset.id}"]`);
      native.value = parseDay(form.elements[button2.dataset.id].value) || "";
      if (native.showPicker) native.showPicker();
    });
    form.addEventListener("change", (event) => {
      const name = event.target.dataset.picker;
      if (!name || !event.target.value) return;
      const box = form.elements[name];
      box.value = formatDay(event.target.value);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  function selectField({ name, label, options, value = "", hint = "", id = name }) {
    const rows2 = options.map(([key, text]) => html`<option value="${key}"${key === value && html` selected`}>${text}</option>`);
    return field({
      name,
      id,
      label,
      hint,
      control: html`<span class="grafik-input"><select class="grafik-input__box" id="grafik-${id}" name="${name}" aria-describedby="grafik-${id}-error">${rows2}</select></span>`
    });
  }
  function field({ name, id = name, label, hint, control }) {
    return html`<div class="grafik-field" data-field="${name}"><label class="grafik-field__label" for="grafik-${id}">${label}</label>${control}
    ${hint && html`<span class="grafik-hint">${hint}</span>`}<span class="grafik-field__error" id="grafik-${id}-error"></span></div>`;
  }
  function showFieldErrors(form, errors, focus = true) {
    clearFieldErrors(form);
    const left = [];
    let first = null;
    Object.keys(errors).forEach((name) => {
      const place = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
      if (!place) {
        left.push(errors[name]);
        return;
      }
      place.querySelector(".grafik-field__error").textContent = errors[name];
      const box = place.querySelector(".grafik-input__box");
      box.setAttribute("aria-invalid", "true");
      first = first || box;
    });
    if (first && focus) first.focus();
    return left;
  }
  function clearFieldErrors(form) {
    form.querySelectorAll(".grafik-field__error").forEach((place) => {
      place.textContent = "";
    });
    form.querySelectorAll("[aria-invalid]").forEach((box) => box.removeAttribute("aria-invalid"));
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
  function fieldErrors(error) {
    const flat = {};
    Object.keys(error.fields).forEach((name) => {
      flat[name] = sentences(error.fields[name]).join(" ");
    });
    return flat;
  }
  function sentences(value) {
    if (Array.isArray(value)) return value.flatMap(sentences);
    if (value && typeof value === "object") {
      return "message" in value ? [String(value.message)] : Object.values(value).flatMap(sentences);
    }
    return [String(value)];
  }

  // src/analytics/workbook.js
  var FIRST_LOOK_MS = 400;
  var LOOK_MS = 1200;
  async function makeWorkbook({ api, question, key, alive, tell }) {
    const body = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== ""));
    let job = await api.send("POST", "analytics/exports/", body, key, isJob);
    let wait = FIRST_LOOK_MS;
    while (job.state !== "done") {
      if (job.state === "failed" || !alive()) throw new Error(job.detail || "");
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = LOOK_MS;
      job = await api.get(`analytics/exports/${job.id}/`, isJob);
      tell(job.progress);
    }
    return job.url;
  }

  // src/analytics/periods.js
  var PRESETS = ["month", "last_month", "quarter", "year", "all", "own"];
  var FIRST_PRESET = "year";
  function periodOf(preset, today) {
    const [year, month] = today.split("-").map(Number);
    const quarter = month - (month - 1) % 3;
    const spans = {
      month: [day(year, month), day(year, month + 1, 0)],
      last_month: [day(year, month - 1), day(year, month, 0)],
      quarter: [day(year, quarter), day(year, quarter + 3, 0)],
      year: [day(year, 1), day(year, 13, 0)]
    };
    const [from, to] = spans[preset] || ["", ""];
    return { from, to };
  }
  function ownPeriod(typed) {
    const from = typed.from ? parseDay(typed.from) : "";
    const to = typed.to ? parseDay(typed.to) : "";
    const errors = {};
    if (from === null) errors.from = "wrong_day";
    if (to === null) errors.to = "wrong_day";
    else if (from && to && from > to) errors.to = "ends_before";
    return Object.keys(errors).length ? { errors } : { from, to };
  }
  function knownDay(typed, today) {
    const day2 = typed ? parseDay(typed) : "";
    if (day2 === null) return { errors: { known_at: "wrong_day" } };
    if (day2 > today) return { errors: { known_at: "not_yet" } };
    return { as_of: day2, known_at: day2 };
  }
  function queryOf(asked) {
    const pairs = Object.entries(asked).filter(([, value]) => value !== "" && value !== null && value !== void 0);
    return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  }
  function day(year, month, number2 = 1) {
    return new Date(Date.UTC(year, month - 1, number2)).toISOString().slice(0, 10);
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

  // src/views/callout.js
  function callout(tone, text, way = "") {
    return html`<div class="grafik-callout grafik-callout_${tone}">${icon(tone === "success" ? "check" : "warning")}<div class="grafik-callout__body"><div>${text}</div>${way}</div></div>`;
  }

  // src/analytics/chart.js
  var HEIGHT = 220;
  var TOP = 12;
  var BOTTOM = 28;
  var LEFT = 64;
  var SERIES = ["received", "overdue", "expected"];
  var MARKS = 5;
  var NARROWEST_LABEL = 44;
  function chartView({ t: t2, months, width }) {
    const { top, marks } = scale(Math.max(...months.map(heightOf), 1));
    const room = { left: LEFT, width: width - LEFT, height: HEIGHT - TOP - BOTTOM };
    const step = room.width / months.length;
    const every = Math.ceil(NARROWEST_LABEL / step);
    const label = t2("analytics.chart_label", { count: t2.count("analytics.months", months.length) });
    return html`<svg class="grafik-chart" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${label}">
    ${marks.map((mark) => gridLine(t2, mark, top, room, width))}
    ${months.map((month, index) => bar(t2, month, { x: LEFT + step * index, step, top, room }))}
    ${months.map((month, index) => index % every === 0 && html`<text class="grafik-chart__label" x="${round(LEFT + step * (index + 0.5))}" y="${HEIGHT - 8}" text-anchor="middle">${monthLabel(t2, month.from, index === 0)}</text>`)}
  </svg>`;
  }
  function legendView(t2) {
    return html`<ul class="grafik-legend">${SERIES.map((name) => html`<li><span class="grafik-legend__mark grafik-legend__mark_${name}" aria-hidden="true"></span>${t2(`analytics.${name}`)}</li>`)}</ul>`;
  }
  function monthLabel(t2, iso, first) {
    const [year, month] = iso.split("-");
    const name = t2(`analytics.month_${Number(month)}`);
    return first || month === "01" ? `${name} ${year.slice(2)}` : name;
  }
  function scale(value) {
    const rough = value / MARKS;
    const power = Math.max(1, 10 ** Math.floor(Math.log10(rough)));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999999);
    const count = Math.ceil(value / step * 0.999999);
    return { top: step * count, marks: Array.from({ length: count + 1 }, (_, index) => step * index) };
  }
  function shortSum(t2, roubles2) {
    const [divisor, unit] = roubles2 >= 1e6 ? [1e6, "analytics.millions"] : [1e3, "analytics.thousands"];
    if (roubles2 < 1e3) return String(Math.round(roubles2));
    return t2(unit, { n: String(Math.round(roubles2 / divisor * 100) / 100).replace(".", ",") });
  }
  function gridLine(t2, mark, top, room, width) {
    const y = round(TOP + room.height * (1 - mark / top));
    return html`<line class="grafik-chart__grid" x1="${LEFT}" x2="${width}" y1="${y}" y2="${y}"/><text class="grafik-chart__label" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${shortSum(t2, mark)}</text>`;
  }
  function bar(t2, month, { x, step, top, room }) {
    const thick = Math.max(2, Math.min(48, step * 0.62));
    let base = TOP + room.height;
    const parts = SERIES.map((name) => {
      const height = Math.max(0, roubles(month[name])) / top * room.height;
      if (height < 0.5) return "";
      base -= height;
      const inset = name === "expected" ? 0.75 : 0;
      return html`<rect class="grafik-chart__${name}" x="${round(x + (step - thick) / 2 + inset)}" y="${round(base + inset)}" width="${round(thick - 2 * inset)}" height="${round(Math.max(0, height - 2 * inset))}"/>`;
    });
    const words2 = SERIES.map((name) => `${t2(`analytics.${name}`)}: ${formatMoney(month[name])}`).join("\n");
    return html`<g><rect class="grafik-chart__hit" x="${round(x)}" y="${TOP}" width="${round(step)}" height="${room.height}"/><title>${monthLabel(t2, month.from, true)}\n${words2}</title>${parts}</g>`;
  }
  function heightOf(month) {
    return SERIES.reduce((sum, name) => sum + Math.max(0, roubles(month[name])), 0);
  }
  function roubles(amount) {
    return Number(toKopecks(amount)) / 100;
  }
  function round(number2) {
    return Math.round(number2 * 100) / 100;
  }

  // src/analytics/views.js
  var TABS = ["received", "expected", "overdue"];
  var GROUPS = ["programme", "cohort", "manager", "location", "legal_entity"];
  var REGIONS = ["figures", "chart", "groups", "aging", "list"];
  function frameView(t2) {
    return html`<div class="grafik-page">
    <header class="grafik-page__head"><h2 class="grafik-page__title">${t2("advanced.title")}</h2><div data-region="excel"></div></header>
    <form class="grafik-filters" data-region="filters" novalidate></form>
    <div class="grafik-page__body">${REGIONS.map((name) => html`<section class="grafik-region grafik-region_${name}" data-region="${name}"></section>`)}</div>
  </div>`;
  }
  function excelView(t2, { busy, progress }) {
    return html`<div class="grafik-page__tools">
    ${button({ action: "excel", id: "registry", kind: "link", label: t2("analytics.registry"), busy: busy === "registry" })}
    ${button({ action: "excel", id: "payments", kind: "primary", label: t2("analytics.excel"), busy: busy === "payments" })}
    <span class="grafik-hidden" role="status">${busy && t2("analytics.making", { progress })}</span>
  </div>`;
  }
  function filtersView({ t: t2, choices, asked, preset }) {
    return html`<fieldset class="grafik-tabs"><legend class="grafik-hidden">${t2("analytics.period")}</legend>${PRESETS.map((name) => html`<label class="grafik-tab"><input type="radio" name="preset" value="${name}"${name === preset && html` checked`}><span>${t2(`analytics.preset_${name}`)}</span></label>`)}</fieldset>
    <div class="grafik-filters__fields">
      ${preset === "own" && [dateField({ t: t2, name: "from", label: t2("analytics.from"), value: asked.from }), dateField({ t: t2, name: "to", label: t2("analytics.to"), value: asked.to })]}
      ${GROUPS.filter((name) => choices[name].length > 1 || asked[name]).map((name) => selectField({ name, label: t2(`analytics.group_${name}`), options: optionsOf(t2, choices[name]), value: asked[name] || "" }))}
      ${dateField({ t: t2, name: "known_at", label: t2("analytics.known_at"), value: asked.known_at || "" })}
    </div>`;
  }
  function optionsOf(t2, values) {
    return [["", t2("analytics.any")], ...values.map((one) => [String(one.value), one.name])];
  }
  function figuresView(t2, summary, known = "") {
    const share = summary.on_time_share === null ? "—" : `${formatShare(summary.on_time_share)} %`;
    return html`${known && knownView(t2, known)}<dl class="grafik-numbers">
    ${number(t2("analytics.received"), formatMoney(summary.received), "received")}
    ${number(t2("analytics.expected"), formatMoney(summary.expected), "expected", nextMonth(t2, summary.forecast))}
    ${number(t2("analytics.overdue"), formatMoney(summary.overdue), isPositive(summary.overdue) ? "overdue" : "none")}
    ${number(t2("analytics.on_time"), share, "on_time", t2("analytics.on_time_hint"))}
  </dl>`;
  }
  function knownView(t2, known) {
    return callout("warning", t2("analytics.known_then", { day: formatDay(known) }), button({ action: "now", kind: "link", label: t2("analytics.known_now") }));
  }
  function number(label, value, name, hint = "") {
    return html`<div class="grafik-number grafik-number_${name}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd>${hint && html`<dd class="grafik-number__hint">${hint}</dd>`}</div>`;
  }
  function formatShare(share) {
    return String(Math.floor(share * 1e3) / 10).replace(".", ",");
  }
  function nextMonth(t2, forecast) {
    const next = forecast[1];
    return next ? t2("analytics.next_month", { sum: formatMoney(next.expected) }) : "";
  }
  function monthsView({ t: t2, months, width }) {
    if (!months.length) return html`${title(t2("analytics.by_month"))}<p class="grafik-hint">${t2("analytics.nothing")}</p>`;
    return html`<div class="grafik-region__head">${title(t2("analytics.by_month"))}${legendView(t2)}</div>
    ${chartView({ t: t2, months, width })}
    <details class="grafik-more"><summary>${t2("analytics.as_table")}</summary>${figuresTable(t2, t2("analytics.month"), months.map((one) => ({ ...one, name: monthLabel(t2, one.from, true) })))}</details>`;
  }
  function groupsView({ t: t2, summary, group }) {
    const tabs = GROUPS.filter((name) => name === group || summary.by_group[name].some((one) => one.value !== null));
    const rows2 = summary.by_group[group];
    return html`<div class="grafik-region__head">${title(t2("analytics.groups"))}
    <div class="grafik-switch" role="group" aria-label="${t2("analytics.groups")}">${tabs.map((name) => switchButton("group", name, t2(`analytics.group_${name}`), name === group))}</div></div>
    ${rows2.length ? figuresTable(t2, t2(`analytics.group_${group}`), rows2.map((one) => ({ ...one, name: one.name || t2("analytics.unknown"), pick: one.value === null ? "" : `${group}:${one.value}` }))) : html`<p class="grafik-hint">${t2("analytics.nothing")}</p>`}`;
  }
  function figuresTable(t2, caption, rows2) {
    const whole = (row) => TABS.reduce((sum, name) => sum + positive(row[name]), 0n);
    const most = rows2.reduce((top, row) => whole(row) > top ? whole(row) : top, 1n);
    const head = [caption, ...TABS.map((name) => t2(`analytics.${name}`))];
    return html`<table class="grafik-table grafik-table_figures"><thead><tr>${head.map((text, index) => html`<th scope="col"${index > 0 && html` class="grafik-table__sum"`}>${text}</th>`)}</tr></thead>
    <tbody>${rows2.map((row) => html`<tr><th scope="row">${row.pick ? button({ action: "pick", id: row.pick, label: row.name, kind: "link" }) : row.name}<span class="grafik-share" aria-hidden="true">${TABS.map((name) => html`<span class="grafik-share__${name}" style="width:${Number(positive(row[name]) * 1000n / most) / 10}%"></span>`)}</span></th>
      ${TABS.map((name, index) => html`<td class="grafik-table__sum${name === "overdue" && isPositive(row[name]) ? " grafik-tone_error" : ""}" data-label="${head[index + 1]}">${formatMoney(row[name])}</td>`)}</tr>`)}</tbody></table>`;
  }
  function positive(amount) {
    const kopecks = toKopecks(amount);
    return kopecks > 0n ? kopecks : 0n;
  }
  function agingView(t2, aging) {
    if (!isPositive(aging.total)) return html`${title(t2("analytics.aging"))}<p class="grafik-hint">${t2("analytics.no_debt")}</p>`;
    const total = toKopecks(aging.total);
    const rows2 = aging.buckets.map((one) => html`<li class="grafik-aging__row"><span>${t2("analytics.days", { range: one.bucket.replace("-", "–") })}</span>
    <span class="grafik-aging__bar" aria-hidden="true"><span style="width:${Number(toKopecks(one.amount) * 1000n / total) / 10}%"></span></span><span class="grafik-row__sum">${formatMoney(one.amount)}</span></li>`);
    return html`<div class="grafik-region__head">${title(t2("analytics.aging"))}${button({ action: "excel", id: "aging", kind: "link", label: t2("analytics.aging_excel") })}</div>
    <ul class="grafik-aging">${rows2}</ul>
    <p class="grafik-aging__total"><span>${t2("analytics.debtors", { count: t2.count("analytics.deals", aging.deals) })}</span><b>${formatMoney(aging.total)}</b></p>`;
  }
  function listView({ t: t2, tab, summary, rows: rows2, more, busy, dealUrl }) {
    const tabs = TABS.map((name) => switchButton("tab", name, html`${t2(`analytics.${name}`)} <span class="grafik-switch__sum">${formatMoney(summary[name])}</span>`, name === tab));
    return html`<div class="grafik-switch grafik-switch_tabs" role="group" aria-label="${t2("analytics.rows")}">${tabs}</div>
    ${rows2.length ? rowsTable(t2, tab, rows2, dealUrl) : html`<p class="grafik-hint grafik-region__empty">${t2(`analytics.no_${tab}`)}</p>`}
    ${more && html`<div class="grafik-region__more">${button({ action: "more", label: t2("analytics.more"), busy: busy === "more" })}</div>`}`;
  }
  function rowsTable(t2, tab, rows2, dealUrl) {
    const head = ["day", "client", "course", "manager", tab === "received" ? "method" : "number", "sum"];
    return html`<table class="grafik-table grafik-table_rows"><thead><tr>${head.map((name) => html`<th scope="col"${name === "sum" && html` class="grafik-table__sum"`}>${t2(`analytics.column_${name}`)}</th>`)}</tr></thead>
    <tbody>${rows2.map((row) => tab === "received" ? operationRow(t2, row, dealUrl) : openRow(t2, row, dealUrl))}</tbody></table>`;
  }
  function operationRow(t2, row, dealUrl) {
    const refund = row.kind === "refund";
    const method = t2.known(`method.${row.method}`) || row.method;
    return html`<tr data-row="${row.kind}-${row.id}"><td>${formatDay(row.on)}</td>${dealCells(row, dealUrl)}
    <td>${refund ? html`<span class="grafik-tone_warning">${t2("analytics.refund")}</span>` : method}</td>
    <td class="grafik-table__sum${refund ? " grafik-tone_warning" : ""}">${formatMoney(row.amount)}</td></tr>`;
  }
  function openRow(t2, row, dealUrl) {
    const part = row.amount !== row.of && t2("analytics.of", { sum: formatMoney(row.of) });
    const late = row.days_late > 0 && html`<small class="grafik-tone_error">${t2("analytics.late", { days: t2.count("analytics.day", row.days_late) })}</small>`;
    return html`<tr data-row="row-${row.id}"><td>${formatDay(row.due_on)}${late}</td>${dealCells(row, dealUrl)}
    <td>${t2("analytics.payment_number", { n: row.number })}</td>
    <td class="grafik-table__sum">${formatMoney(row.amount)}${part && html`<small>${part}</small>`}</td></tr>`;
  }
  function dealCells(row, dealUrl) {
    const course = [row.programme, row.cohort, row.location_name].filter(Boolean).join(" · ");
    return html`<td class="grafik-table__client">${link(dealUrl(row.lead_id), row.contact || row.deal || `#${row.lead_id}`)}${row.contact && html`<small>${row.deal}</small>`}</td><td>${course}</td><td>${row.manager_name}</td>`;
  }
  function switchButton(what, name, label, on) {
    return html`<button type="button" class="grafik-switch__button${on ? " grafik-switch__button_on" : ""}" data-action="${what}" data-id="${name}" data-key="${what}:${name}" aria-pressed="${on ? "true" : "false"}">${label}</button>`;
  }
  function title(text) {
    return html`<h3 class="grafik-region__title">${text}</h3>`;
  }
  function waitingView(t2) {
    return html`<div class="grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t2("analytics.loading")}</span></div>`;
  }
  function failedView(t2, text, retry) {
    return callout("error", text, retry && button({ action: "reload", label: t2("panel.retry") }));
  }

  // src/analytics/page.js
  var RESIZED_MS = 150;
  var DRAWN = ["figures", "chart", "groups", "aging", "list"];
  var ROWS = 25;
  var CHART_EDGES = 34;
  var AnalyticsPage = class {
    /** deps: {root, api, t, notify: {done, problem}, dealUrl(leadId)? (else the server's), download(url), unauthorized? (words)} */
    constructor(deps) {
      Object.assign(this, deps);
      this.ui = { preset: FIRST_PRESET, tab: "received", group: "programme", making: "", progress: 0, more: "" };
      this.asked = {};
      this.turn = 0;
      this.alive = true;
      this.onClick = (event) => this.clicked(event);
      this.onChange = (event) => this.changed(event);
      this.onResize = () => {
        clearTimeout(this.resized);
        this.resized = setTimeout(() => this.alive && this.summary && this.chartWidth() !== this.drawnWidth && this.drawChart(), RESIZED_MS);
      };
    }
    start() {
      this.root.innerHTML = String(frameView(this.t));
      this.form = this.region("filters");
      this.root.addEventListener("click", this.onClick);
      connectPickers(this.form);
      this.form.addEventListener("change", this.onChange);
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.widths = new ResizeObserver(this.onResize);
      this.widths.observe(this.region("chart").parentNode);
      this.begin();
    }
    stop() {
      this.alive = false;
      clearTimeout(this.resized);
      this.widths?.disconnect();
      this.root.removeEventListener("click", this.onClick);
    }
    // what is known
    /** The filters' choices and the account's day come first: a period needs to know which day it is. */
    begin() {
      this.draw("figures", waitingView(this.t));
      this.api.get("analytics/filters/", isChoices).then(
        (choices) => {
          if (!this.alive) return;
          this.choices = choices;
          this.dealUrl = this.dealUrl || ((id) => choices.deal_url + id);
          Object.assign(this.asked, periodOf(this.ui.preset, choices.today));
          this.drawFilters();
          this.load();
        },
        (error) => this.alive && this.failed(error)
      );
    }
    load() {
      const mine = this.nextTurn();
      this.veil(true);
      const query = queryOf(this.asked);
      const asked = [
        [`analytics/summary/?${query}`, isSummary],
        [`analytics/aging/?${query}`, isAging],
        [this.listAddress(), hasResults]
      ];
      Promise.all(asked.map(([path, fits]) => this.api.get(path, fits))).then(
        ([summary, aging, list]) => this.current(mine) && this.accept(summary, aging, list),
        (error) => this.current(mine) && this.failed(error)
      );
    }
    loadList() {
      const mine = this.nextTurn();
      this.veil(true, ["list"]);
      this.api.get(this.listAddress(), hasResults).then(
        (list) => this.current(mine) && this.acceptList(list),
        (error) => this.current(mine) && this.failed(error)
      );
    }
    loadMore() {
      if (this.ui.more || !this.cursor) return;
      const mine = this.turn;
      this.ui.more = "more";
      this.drawList();
      this.api.get(this.listAddress(this.cursor), hasResults).then(
        (list) => this.current(mine) && this.acceptList({ ...list, results: [...this.rows, ...list.results] }),
        (error) => this.current(mine) && this.moreFailed(error)
      );
    }
    listAddress(cursor = "") {
      return `analytics/payments/?${queryOf({ ...this.asked, state: this.ui.tab, limit: ROWS, cursor })}`;
    }
    nextTurn() {
      this.turn += 1;
      this.ui.more = "";
      return this.turn;
    }
    current(turn) {
      return this.alive && turn === this.turn;
    }
    accept(summary, aging, list) {
      Object.assign(this, { summary, aging });
      this.draw("figures", figuresView(this.t, summary, this.asked.known_at));
      this.drawChart();
      this.drawGroups();
      this.draw("aging", agingView(this.t, aging));
      this.draw("excel", excelView(this.t, { busy: this.ui.making, progress: this.ui.progress }));
      this.acceptList(list);
      this.veil(false);
    }
    acceptList(list) {
      this.ui.more = "";
      this.rows = list.results;
      this.cursor = list.next && new URL(list.next).searchParams.get("cursor");
      this.drawList();
      this.veil(false, ["list"]);
    }
    failed(error) {
      const left = showFieldErrors(this.form, fieldErrors(error));
      this.veil(false);
      if (Object.keys(error.fields).length && !left.length) return;
      const ended = error.status === 401 && this.unauthorized;
      const { text, retry } = ended ? { text: ended, retry: false } : explain(this.t, error);
      this.summary = null;
      DRAWN.forEach((name) => this.draw(name, ""));
      this.draw("figures", failedView(this.t, text, retry));
    }
    moreFailed(error) {
      this.ui.more = "";
      this.drawList();
      this.notify.problem(this.t("analytics.more_failed"), explain(this.t, error).text);
    }
    // what is seen
    region(name) {
      return this.root.querySelector(`[data-region="${name}"]`);
    }
    drawFilters() {
      this.draw("filters", filtersView({ t: this.t, choices: this.choices, asked: this.asked, preset: this.ui.preset }));
    }
    drawChart() {
      this.drawnWidth = this.chartWidth();
      const open = Boolean(this.region("chart").querySelector("details[open]"));
      this.draw("chart", monthsView({ t: this.t, months: this.summary.by_period, width: this.drawnWidth }));
      if (open) this.region("chart").querySelector("details").open = true;
    }
    /** An empty region has no width of its own: the body around it has. */
    chartWidth() {
      return Math.max(260, Math.floor(this.region("chart").parentNode.clientWidth) - CHART_EDGES);
    }
    drawGroups() {
      this.draw("groups", groupsView({ t: this.t, summary: this.summary, group: this.ui.group }));
    }
    drawList() {
      const { t: t2, summary, rows: rows2, cursor, ui, dealUrl } = this;
      this.draw("list", listView({ t: t2, tab: ui.tab, summary, rows: rows2, more: Boolean(cursor), busy: ui.more, dealUrl }));
    }
    draw(name, markup) {
      const place = this.region(name);
      const active = document.activeElement;
      const held = active && place.contains(active) ? active.dataset.key || active.name : "";
      place.innerHTML = String(markup);
      const again = held && place.querySelector(`[data-key="${CSS.escape(held)}"], [name="${CSS.escape(held)}"]${held === "preset" ? ":checked" : ""}`);
      if (again) again.focus();
    }
    veil(on, regions = DRAWN) {
      regions.forEach((name) => {
        const place = this.region(name);
        place.classList.toggle("grafik-region_veiled", on && Boolean(this.summary));
        place.setAttribute("aria-busy", String(on));
      });
    }
    // what is done
    changed(event) {
      const { name: own, value, dataset } = event.target;
      const name = own || dataset.picker;
      if (!name) return;
      if (name === "preset") this.choosePeriod(value);
      else if (name === "from" || name === "to") this.typePeriod();
      else if (name === "known_at") this.typeKnown();
      else {
        this.asked[name] = value;
        this.load();
      }
    }
    choosePeriod(preset) {
      this.ui.preset = preset;
      if (preset !== "own") Object.assign(this.asked, periodOf(preset, this.choices.today));
      this.drawFilters();
      if (preset !== "own") this.load();
    }
    typePeriod() {
      this.ask(ownPeriod({ from: this.form.elements.from.value, to: this.form.elements.to.value }));
    }
    typeKnown() {
      this.ask(knownDay(this.form.elements.known_at.value, this.choices.today));
    }
    /** What was typed is asked, or its errors stand at their fields. */
    ask(given) {
      const errors = Object.entries(given.errors || {}).map(([name, word]) => [name, this.t(`analytics.${word}`)]);
      showFieldErrors(this.form, Object.fromEntries(errors), false);
      if (errors.length) return;
      Object.assign(this.asked, given);
      this.load();
    }
    now() {
      Object.assign(this.asked, knownDay(""));
      this.drawFilters();
      this.load();
    }
    clicked(event) {
      const place = event.target.closest("[data-action]");
      if (!place) return;
      const { action, id } = place.dataset;
      const actions = {
        reload: () => this.choices ? this.load() : this.begin(),
        tab: () => this.show(id),
        group: () => this.regroup(id),
        // A field's calendar button has the field's name alone: the picker answers it.
        pick: () => id.includes(":") && this.narrow(id),
        now: () => this.now(),
        more: () => this.loadMore(),
        excel: () => this.excel(id)
      };
      if (actions[action]) actions[action]();
    }
    show(tab) {
      this.ui.tab = tab;
      this.rows = [];
      this.cursor = "";
      this.loadList();
    }
    regroup(group) {
      this.ui.group = group;
      this.drawGroups();
    }
    /** A click on a group's name narrows everything to it; a second one widens again. */
    narrow(id) {
      const [name, ...value] = id.split(":");
      this.asked[name] = String(this.asked[name] || "") === value.join(":") ? "" : value.join(":");
      this.drawFilters();
      this.load();
    }
    /** Exactly what is on the screen: the same question, the same tab. */
    excel(report) {
      if (this.ui.making) return;
      const question = { ...this.asked, report, state: this.ui.tab };
      this.making(report, 0);
      makeWorkbook({ api: this.api, question, key: newKey(), alive: () => this.alive, tell: (progress) => this.making(report, progress) }).then(
        (url) => {
          if (!this.alive) return;
          this.making("", 0);
          this.download(url);
        },
        (error) => {
          if (!this.alive) return;
          this.making("", 0);
          this.notify.problem(this.t("analytics.excel_failed"), error.status === void 0 ? error.message : explain(this.t, error).text);
        }
      );
    }
    making(report, progress) {
      Object.assign(this.ui, { making: report, progress });
      this.draw("excel", excelView(this.t, { busy: report, progress }));
    }
  };

  // src/download.js
  function download(url) {
    const anchor = document.createElement("a");
    anchor.href = href(url);
    anchor.rel = "noopener";
    document.body.appendChild(anchor);
    anchor.click();
    anchor.remove();
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
        then: (done, failed) => answer.then((xhr) => xhr.status >= 200 && xhr.status < 300 ? done(xhr.responseText) : failed(xhr))
      };
    };
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
    t2.count = (path, number2) => t2(`${path}.${forms(number2)}`, { n: number2 });
    return t2;
  }
  function pluralForm(number2) {
    const tens = number2 % 100;
    const ones = number2 % 10;
    if (ones === 1 && tens !== 11) return "one";
    return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? "few" : "many";
  }
  function englishForm(number2) {
    return number2 === 1 ? "one" : "many";
  }
  function fill(text, parameters) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => name in parameters ? parameters[name] : whole);
  }

  // src/tab.js
  var NOTICE_MS = 6e3;
  var t = makeTexts(() => "", ru_default);
  function problem(header, text) {
    const notice = document.createElement("p");
    notice.className = "grafik-tab-notice";
    notice.setAttribute("role", "alert");
    notice.innerHTML = String(html`<b>${header}</b> ${text}`);
    document.body.appendChild(notice);
    setTimeout(() => notice.remove(), NOTICE_MS);
  }
  function followTheme() {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const show = () => document.documentElement.setAttribute("data-color-scheme", dark.matches ? "dark" : "light");
    dark.addEventListener("change", show);
    show();
  }
  followTheme();
  new AnalyticsPage({
    root: document.querySelector(".js-figures"),
    api: makeApi(fetchAs({ "X-Grafik-Tab": "1" }), "/api/v1/"),
    t,
    notify: { done: () => void 0, problem },
    // The tab does not know amoCRM's address by itself: the server names it with the filters.
    dealUrl: null,
    download,
    unauthorized: t("analytics.pass_ended")
  }).start();
})();
