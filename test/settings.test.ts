import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UsageError } from '../src/errors.ts'
import type { Transport } from '../src/event.ts'
import {
  isDatagramSetting,
  isStreamSetting,
  parseSetting,
  type Setting,
  settingExamples,
  settingNames,
} from '../src/settings.ts'

const names: Readonly<Record<Transport, readonly string[]>> = {
  tcp: ['no-delay', 'half-open', 'keep-alive', 'read-size', 'rate', 'chunk', 'delay', 'eol'],
  udp: ['rate', 'chunk', 'delay', 'truncate', 'ttl', 'multicast-ttl', 'broadcast', 'eol'],
  websocket: ['no-delay', 'keep-alive', 'read-size', 'rate', 'eol'],
}

const called = { tcp: 'TCP', udp: 'UDP', websocket: 'WebSocket' } as const
const transports = ['tcp', 'udp', 'websocket'] as const

for (const transport of transports) {
  describe(`what can be set on ${transport}`, () => {
    test('is listed', () => assert.deepEqual(settingNames(transport), names[transport]))

    test('has an example each, which is understood', () => {
      const examples = settingExamples(transport).split(' · ')
      const set = examples.map((example) => {
        const [name = '', value = ''] = example.split(' ')
        return parseSetting(name, value, transport).name
      })
      assert.deepEqual(set, names[transport])
    })

    const others = new Set(transports.flatMap((other) => names[other]))
    for (const name of names[transport]) others.delete(name)
    for (const name of others) {
      test(`is not ${name}, which names what is`, () => {
        const owners = transports.filter((other) => names[other].includes(name)).map((other) => called[other])
        assert.throws(() => parseSetting(name, 'on', transport), {
          name: 'UsageError',
          message: `/set: ${name} is for ${owners.join(', ')}: here ${names[transport].join(', ')}`,
        })
      })
    }

    for (const [name, hint] of [
      ['', `expected ${names[transport].join(', ')}`],
      ['zzz', `expected ${names[transport].join(', ')}`],
      ['constructor', `expected ${names[transport].join(', ')}`],
      ['__proto__', `expected ${names[transport].join(', ')}`],
      ['rat', 'did you mean rate?'],
      ['eoll', 'did you mean eol?'],
    ] as const) {
      test(`is not ${JSON.stringify(name)}`, () => {
        const message = `/set: "${name}" cannot be set: ${hint}`
        assert.throws(() => parseSetting(name, '1', transport), { name: 'UsageError', message })
      })
    }
  })
}

describe('a value of UDP', () => {
  const rows: readonly [
    name: string,
    good: readonly [text: string, value: Setting['value']][],
    bad: readonly string[],
  ][] = [
    [
      'rate',
      [
        ['1', 1],
        ['1KiB', 1_024],
        ['off', undefined],
      ],
      ['0', '-1', 'fast', ''],
    ],
    [
      'chunk',
      [
        ['1', 1],
        ['off', undefined],
      ],
      ['0', '1.5', ''],
    ],
    [
      'delay',
      [
        ['0', 0],
        ['50ms', 50],
        ['off', undefined],
      ],
      ['-1', 'soon', ''],
    ],
    [
      'truncate',
      [
        ['1', 1],
        ['64KiB', 65_536],
        ['off', undefined],
      ],
      ['0', 'on', ''],
    ],
    [
      'ttl',
      [
        ['1', 1],
        ['255', 255],
      ],
      ['0', '256', '-1', '1.5', '1e1', 'off', ''],
    ],
    [
      'multicast-ttl',
      [
        ['0', 0],
        ['255', 255],
      ],
      ['256', '-1', 'off', ''],
    ],
    [
      'broadcast',
      [
        ['on', true],
        ['off', false],
      ],
      ['yes', '1', ''],
    ],
    [
      'eol',
      [
        ['lf', 'lf'],
        ['crlf', 'crlf'],
        ['none', 'none'],
        ['off', 'none'],
      ],
      ['cr', 'on', ''],
    ],
  ]
  for (const [name, good, bad] of rows) {
    test(`for ${name}`, () => {
      for (const [text, value] of good) assert.deepEqual(parseSetting(name, text, 'udp'), { name, value })
      for (const text of bad) {
        assert.throws(
          () => parseSetting(name, text, 'udp'),
          (error: unknown) => {
            assert.ok(error instanceof UsageError)
            const missing = `/set ${name}: a value is missing, such as `
            return text === '' ? error.message.startsWith(missing) : error.message.includes(`"${text}"`)
          },
          `${name} ${text}`,
        )
      }
    })
  }

  test('for every setting stands in this table', () => {
    assert.deepEqual(
      rows.map(([name]) => name),
      names.udp,
    )
  })
})

test('a driver is given what its transport has, and never what the language keeps for itself', () => {
  for (const transport of transports) {
    for (const example of settingExamples(transport).split(' · ')) {
      const [name = '', value = ''] = example.split(' ')
      const setting = parseSetting(name, value, transport)
      assert.equal(isStreamSetting(setting), name !== 'eol' && names.tcp.includes(name), name)
      assert.equal(isDatagramSetting(setting), name !== 'eol' && names.udp.includes(name), name)
    }
  }
})
