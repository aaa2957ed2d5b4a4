/** What every event says in JSON, from the tables of that view. */
import { eventFields, stampFields } from '../views/json.ts'
import { type Section, section, terms } from './section.ts'

export function eventSections(): readonly Section[] {
  const own = Object.entries(eventFields).map(([kind, fields]) => {
    const rows = Object.entries<string>(fields)
    return section(kind, rows.length === 0 ? 'No fields of its own.' : terms(rows))
  })
  return [section('Every event', terms(Object.entries(stampFields))), ...own]
}

/** The kinds of events with the names of their own fields: for whoever looks for one. */
export function eventSummary(): Section {
  const rows = Object.entries(eventFields).map(([kind, fields]) => {
    const names = Object.keys(fields)
    return [kind, names.length === 0 ? 'no fields of its own' : names.join(', ')] as const
  })
  return section(
    'Events',
    `The view json writes one event a line, with ${Object.keys(stampFields).join(', ')} and then its ` +
      'own fields. sockpit help events says what each field means.',
    terms(rows),
  )
}
