import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commonOptions } from '../../src/commands/options/common.ts'
import { timeForms, viewSections, viewTexts } from '../../src/help/views.ts'
import { eventFields } from '../../src/views/json.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { markMeanings } from '../../src/views/marks.ts'
import { root } from '../root.ts'

const text = JSON.stringify(viewSections())

const options: Omit<LogOptions, 'transport' | 'verbosity'> = {
  width: () => 80,
  color: false,
  isPlain: false,
  time: 'none',
  show: 256,
  startedAt: new Date(0),
}

/** Only marks of the table compile; this finds those that nothing uses any more. */
test('every mark of the table is one that the log uses', () => {
  const folder = join(root, 'src', 'views')
  const sources = readdirSync(folder).filter((name) => name.endsWith('words.ts'))
  assert.ok(sources.length > 5)
  const all = sources.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
  for (const mark of Object.keys(markMeanings)) assert.ok(all.includes(`'${mark}'`), mark)
})

test('the views and the forms of time are those that the options take', () => {
  assert.deepEqual(Object.keys(viewTexts), [...commonOptions.view.choices])
  assert.deepEqual(Object.keys(timeForms), [...commonOptions.time.choices])
  for (const { short } of Object.values(viewTexts)) {
    for (const flag of short.split(', ').filter((word) => word !== '')) {
      assert.ok(
        Object.values(commonOptions).some(({ flags }) => flags.split(', ').includes(flag)),
        flag,
      )
    }
  }
})

test('what the log leaves out without -v is what the help names', () => {
  const [, everywhere = '', ofWebSocket = ''] =
    /the log also tells ([a-z, ]+) and each attempt that failed; of a WebSocket also ([a-z, ]+) \(/.exec(
      text,
    ) ?? []
  const hidden = (transport: LogOptions['transport']) => {
    const [usual, verbose] = ([0, 1] as const).map((verbosity) =>
      createLogView({ ...options, transport, verbosity }),
    )
    return Object.keys(eventFields).filter(
      (kind) =>
        !usual?.wants(kind as keyof typeof eventFields) && verbose?.wants(kind as keyof typeof eventFields),
    )
  }
  assert.deepEqual(hidden('tcp'), everywhere.split(', '))
  assert.deepEqual(hidden('udp'), everywhere.split(', '))
  assert.deepEqual(hidden('websocket').sort(), [...everywhere.split(', '), ...ofWebSocket.split(', ')].sort())
})

test('the time looks as the help shows it', () => {
  const at = new Date(2026, 0, 2, 14, 3, 18, 0)
  const shown = (time: LogOptions['time']): string => {
    const view = createLogView({ ...options, transport: 'tcp', verbosity: 0, time, startedAt: at })
    const tell = (ms: number) =>
      String(view.render({ kind: 'note', text: 'x', seq: 1, at: ms, socket: 'client' })).trim()
    tell(3_205)
    return tell(3_220).split(' ')[0] ?? ''
  }
  assert.ok(timeForms.elapsed.includes(`: ${shown('elapsed')} `))
  assert.ok(timeForms.delta.endsWith(`: ${shown('delta')}`))
  assert.ok(timeForms.clock.endsWith(`: ${shown('clock')}`))
  assert.equal(shown('none'), 'client')
})
