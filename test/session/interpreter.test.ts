import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Dialect, parseLine, type SocketAction, verbRows } from '../../src/action.ts'
import { createTeller, type Event, type Transport } from '../../src/event.ts'
import type { Driver } from '../../src/net/driver.ts'
import { UdpClient } from '../../src/net/udp-client.ts'
import { Interpreter } from '../../src/session/interpreter.ts'
import { Stop } from '../../src/session/stop.ts'
import { Watch } from '../../src/session/watch.ts'
import { elsewhere } from '../../src/verbs.ts'
import { closeFarSockets, datagramDefaults, datagramsOf, farSocket } from '../net/datagrams.ts'
import { fakeDriver } from './fake-driver.ts'

const quick = { timeout: 8_000 }
const folder = mkdtempSync(join(tmpdir(), 'sockpit-interpreter-'))
after(async () => {
  rmSync(folder, { recursive: true })
  await closeFarSockets()
})

const dialects: Readonly<Record<Transport, Dialect>> = {
  tcp: { transport: 'tcp', role: 'server', eol: 'lf' },
  udp: { transport: 'udp', role: 'server', eol: 'none' },
  websocket: { transport: 'websocket', role: 'server', eol: 'none' },
}

function bench(dialect: Dialect, behaviour: Partial<Driver> = {}) {
  const notes: string[] = []
  const events: Event[] = []
  const now = () => performance.now()
  const watch = new Watch(dialect, now)
  const teller = createTeller(now, [
    watch,
    { wants: () => true, hear: (event) => void events.push(event) },
    {
      wants: (kind) => kind === 'note',
      hear: (event) => void (event.kind === 'note' && notes.push(event.text)),
    },
  ])
  const driver = fakeDriver(behaviour)
  const stop = new AbortController()
  const interpreter = new Interpreter(dialect, { driver, teller, watch, stop })
  return { interpreter, driver, notes, events, stop, watch, teller }
}

/** What the driver was asked, a payload as text. */
function asked(actions: readonly SocketAction[]): unknown[] {
  return actions.map((action) =>
    action.kind === 'send' ? { ...action, payload: Buffer.from(action.payload).toString('latin1') } : action,
  )
}

describe('/help', () => {
  for (const transport of ['tcp', 'udp', 'websocket'] as const) {
    for (const role of ['server', 'client'] as const) {
      const dialect = { ...dialects[transport], role }

      test(`lists what a ${role} of ${transport} can do, in lines of 80`, async () => {
        const { interpreter, notes } = bench(dialect)
        await interpreter.line('/help')
        const [text = ''] = notes
        const listed = [...text.matchAll(/^\/(\S+) +(\S.*)$/gm)].map(([, verb, brief]) => [verb, brief])
        const rows = verbRows(dialect).map(({ verb, brief }) => [verb, brief])
        assert.deepEqual(listed, [...rows, ['help', 'VERB says more.']])
        for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
      })

      test(`says more of each verb that a ${role} of ${transport} has`, async () => {
        for (const { verb, usage, summary, sense, example } of verbRows(dialect)) {
          const { interpreter, notes } = bench(dialect)
          await interpreter.line(`/help ${verb}`)
          const lines = [usage, summary, ...(sense === undefined ? [] : [sense]), `For example: ${example}`]
          assert.deepEqual(notes, [lines.join('\n')])
        }
      })

      test(`gives examples that a ${role} of ${transport} understands, of that very verb`, () => {
        for (const { verb, example } of verbRows(dialect)) {
          assert.ok(example.startsWith(`/${verb}`), example)
          assert.doesNotThrow(() => parseLine(example, dialect), example)
        }
      })
    }

    test(`says of what ${transport} does not have why not, as the verb itself does`, async () => {
      for (const [verb, why] of Object.entries(elsewhere[transport])) {
        const { interpreter, notes } = bench(dialects[transport])
        const error = { name: 'UsageError', message: `/${verb} cannot be done here: ${why}` }
        await assert.rejects(interpreter.line(`/help ${verb}`), error)
        await assert.rejects(interpreter.line(`/${verb}`), error)
        assert.deepEqual(notes, [])
      }
    })
  }

  test('tells what sending means to each transport', () => {
    const senses = (['tcp', 'udp', 'websocket'] as const).map((transport) => {
      return verbRows({ transport, role: 'client' }).find(({ verb }) => verb === 'send')?.sense ?? ''
    })
    assert.match(senses.join('\n'), /stream.*\n.*datagram.*\n.*message/)
  })

  test('of no verb says so', async () => {
    const { interpreter } = bench(dialects.udp)
    await assert.rejects(interpreter.line('/help zzzz'), {
      message: /^"\/zzzz" is no verb: \/help lists them/,
    })
    await assert.rejects(interpreter.line('/help stat'), {
      message: /^"\/stat" is no verb: did you mean \/stats\?/,
    })
  })

  test("of a server's verb says to a client that it is one, as the verb itself does", async () => {
    for (const [transport, verb] of [
      ['udp', 'to'],
      ['udp', 'all'],
      ['tcp', 'kick'],
    ] as const) {
      const { interpreter } = bench({ ...dialects[transport], role: 'client' })
      await assert.rejects(interpreter.line(`/help ${verb}`), {
        name: 'UsageError',
        message: `/${verb} is for a server, which has several peers: a client has one`,
      })
    }
  })
})

describe('/set', () => {
  const rows: readonly [transport: Transport, line: string, note: string][] = [
    ['tcp', 'no-delay on', 'no-delay is on now'],
    ['tcp', 'half-open off', 'half-open is off now'],
    ['tcp', 'keep-alive 10s', 'keep-alive is 10 s now'],
    ['tcp', 'read-size 5', 'read-size is 5 B now'],
    ['websocket', 'rate off', 'rate is off now'],
    ['udp', 'rate 1KiB', 'rate is 1,024 B now'],
    ['udp', 'chunk off', 'chunk is off now'],
    ['udp', 'delay 50ms', 'delay is 50 ms now'],
    ['udp', 'truncate 5', 'truncate is 5 B now'],
    ['udp', 'broadcast on', 'broadcast is on now'],
    ['udp', 'broadcast off', 'broadcast is off now'],
  ]
  for (const [transport, line, note] of rows) {
    test(`${line} reaches the driver of ${transport}, and is told`, async () => {
      const { interpreter, driver, notes } = bench(dialects[transport])
      await interpreter.line(`/set ${line}`)
      assert.deepEqual(driver.performed, [parseLine(`/set ${line}`, dialects[transport])])
      assert.deepEqual(notes, [note])
    })
  }

  for (const [line, note] of [
    ['ttl 3', 'ttl is 3 now'],
    ['multicast-ttl 0', 'multicast-ttl is 0 now'],
  ] as const) {
    test(`${line} is a number of routers`, async () => {
      const { interpreter, notes } = bench(dialects.udp)
      await interpreter.line(`/set ${line}`)
      assert.deepEqual(notes, [note])
    })
  }

  test('eol is kept here, for the lines that follow', async () => {
    const { interpreter, driver, notes } = bench(dialects.udp)
    await interpreter.line('a')
    await interpreter.line('/set eol crlf')
    await interpreter.line('b')
    await interpreter.line('/send c')
    assert.deepEqual(asked(driver.performed), [
      { kind: 'send', payload: 'a' },
      { kind: 'send', payload: 'b\r\n' },
      { kind: 'send', payload: 'c' },
    ])
    assert.deepEqual([notes, interpreter.dialect.eol], [['a typed line now ends with crlf'], 'crlf'])
  })

  test('is told only where it was done', async () => {
    const { interpreter, notes } = bench(dialects.udp, {
      perform: async () => {
        throw new Error('no')
      },
    })
    await assert.rejects(interpreter.line('/set chunk 5'), { message: 'no' })
    assert.deepEqual(notes, [])
  })
})

describe('whom lines mean', () => {
  const words = {
    tcp: {
      each: 'client',
      missing: 'there is no client #9: connected: #1 #2',
      nobody: 'nobody is connected',
    },
    udp: { each: 'peer', missing: 'there is no peer #9: known: #1 #2', nobody: 'nobody has spoken yet' },
    websocket: {
      each: 'client',
      missing: 'there is no client #9: connected: #1 #2',
      nobody: 'nobody is connected',
    },
  } as const
  for (const transport of ['tcp', 'udp', 'websocket'] as const) {
    const { each, missing, nobody } = words[transport]

    test(`is chosen with /to, and said in the words of ${transport}`, async () => {
      const { interpreter, driver, notes } = bench(dialects[transport], { peers: () => [1, 2] })
      await interpreter.line('/to 2')
      for (const line of ['/send a', '/to 1 /send b', '/all /send c']) await interpreter.line(line)
      await assert.rejects(interpreter.line('/to 9'), { name: 'UsageError', message: missing })
      assert.equal(interpreter.chosen, 2)
      await interpreter.line('/to all')
      await interpreter.line('/send d')
      assert.deepEqual(asked(driver.performed), [
        { kind: 'send', payload: 'a', peers: 2 },
        { kind: 'send', payload: 'b', peers: 1 },
        { kind: 'send', payload: 'c', peers: 'all' },
        { kind: 'send', payload: 'd' },
      ])
      assert.deepEqual(notes, ['lines mean #2 now; /to all ends that', `lines mean every ${each} now`])
      assert.equal(interpreter.chosen, undefined)
    })

    test(`is nobody while nobody is there, in the words of ${transport}`, async () => {
      const { interpreter } = bench(dialects[transport])
      await assert.rejects(interpreter.line('/to 1'), { message: `there is no ${each} #1: ${nobody}` })
    })
  }
})

describe('/file', () => {
  let files = 0
  function file(content: string | Buffer): string {
    files += 1
    const path = join(folder, `file-${files}`)
    writeFileSync(path, content)
    return path
  }
  const sizes = (actions: readonly SocketAction[]) =>
    actions.map((action) => (action.kind === 'send' ? action.payload.length : action.kind))

  test('is one datagram, however large it is', quick, async () => {
    for (const size of [0, 1, 65_507, 65_508, 2 ** 20]) {
      const { interpreter, driver } = bench(dialects.udp)
      const content = Buffer.alloc(size, 'abc')
      await interpreter.line(`/file ${file(content)}`)
      const [only] = driver.performed
      assert.ok(only?.kind === 'send' && driver.performed.length === 1)
      assert.ok(content.equals(only.payload), `${size} B`)
    }
  })

  test('that no message can be is refused, with what to do', quick, async () => {
    const { interpreter, driver } = bench(dialects.udp)
    const path = file(Buffer.alloc(2 ** 20 + 1))
    await assert.rejects(interpreter.line(`/file ${path}`), {
      name: 'UsageError',
      message:
        `Cannot send the file "${path}" as one message: it is far longer than a datagram can be; ` +
        '/set chunk 1400 sends it in pieces',
    })
    assert.deepEqual(driver.performed, [])
  })

  test(
    'is one message of a WebSocket, of text where it is UTF-8, as large as the driver takes',
    quick,
    async () => {
      const rows: readonly [content: Buffer, action: object][] = [
        [Buffer.from('é\n'), { payload: 'Ã©\n' }],
        [Buffer.of(0x61, 0xff), { payload: 'a\xff', binary: true }],
        [Buffer.alloc(0), { payload: '' }],
        [Buffer.alloc(100, 'x'), { payload: 'x'.repeat(100) }],
      ]
      for (const [content, action] of rows) {
        const { interpreter, driver } = bench(dialects.websocket, { longestMessage: 100 })
        await interpreter.line(`/to 2 /file ${file(content)}`)
        assert.deepEqual(asked(driver.performed), [{ kind: 'send', ...action, peers: 2 }])
      }
      const { interpreter, driver } = bench(dialects.websocket, { longestMessage: 100 })
      const path = file(Buffer.alloc(101))
      await assert.rejects(interpreter.line(`/file ${path}`), {
        name: 'UsageError',
        message:
          `Cannot send the file "${path}" as one message: it is larger than 100 B; ` +
          'a larger --max-payload lets it go',
      })
      assert.deepEqual(driver.performed, [])
    },
  )

  test('goes in pieces of the size that the driver sends', quick, async () => {
    const { interpreter, driver } = bench(dialects.udp, { filePiece: 1_400 })
    await interpreter.line(`/file ${file(Buffer.alloc(3_000))}`)
    assert.deepEqual(sizes(driver.performed), [1_400, 1_400, 200])
    await interpreter.line(`/file ${file('')}`)
    assert.equal(driver.performed.length, 3, 'nothing is no piece')
  })

  test('goes to whom the line means, one piece after the other', quick, async () => {
    const { interpreter, driver } = bench(dialects.udp, { filePiece: 2 })
    await interpreter.line(`/to 3 /file ${file('abcd')}`)
    assert.deepEqual(asked(driver.performed), [
      { kind: 'send', payload: 'ab', peers: 3 },
      { kind: 'send', payload: 'cd', peers: 3 },
    ])
  })

  test('that there is not is an error with its name', quick, async () => {
    for (const filePiece of [Number.POSITIVE_INFINITY, 5]) {
      const { interpreter } = bench(dialects.udp, { filePiece })
      await assert.rejects(interpreter.line('/file /nowhere/at/all'), {
        name: 'UsageError',
        message: 'Cannot send the file "/nowhere/at/all": no such file (ENOENT)',
      })
    }
  })
})

describe('what a session does by itself', () => {
  test('/quit stops it, and gives the sockets time', async () => {
    const { interpreter, stop } = bench(dialects.udp)
    await interpreter.line('/quit')
    assert.ok(stop.signal.reason instanceof Stop)
    assert.deepEqual([stop.signal.reason.exitCode, stop.signal.reason.graceMs], [0, 30_000])
  })

  test('/quit is asked for; how datagrams fared says how it ends, of a connection that was told', async () => {
    for (const transport of ['tcp', 'udp', 'websocket'] as const) {
      const { interpreter, stop } = bench(dialects[transport])
      await interpreter.line('/quit')
      const { reason } = stop.signal
      assert.ok(reason instanceof Stop)
      assert.deepEqual([reason.why, reason.isQuiet], ['asked', transport === 'udp'])
    }
  })

  test('/expect looks at the datagrams of whom the line means', quick, async () => {
    const { interpreter, teller } = bench(dialects.udp, { peers: () => [1, 2] })
    const remote = { address: '127.0.0.1', port: 9, family: 'IPv4' } as const
    const comes = (socket: string, text: string) => {
      const payload = Buffer.from(text)
      teller.tell(socket, { kind: 'datagram', direction: 'received', size: payload.length, remote, payload })
    }
    comes('server#1', 'hello')
    await assert.rejects(interpreter.line('/to 2 /expect hello within 1ms'), { name: 'ExpectationError' })
    comes('server#2', 'hello')
    await interpreter.line('/to 2 /expect hello within 1ms')
    await interpreter.line('/to 1 /expect hello within 1ms')
  })

  test('/wait passes the time', quick, async () => {
    const { interpreter } = bench(dialects.udp)
    const startedAt = performance.now()
    await interpreter.line('/wait 20ms')
    assert.ok(performance.now() - startedAt >= 18)
  })

  test('/wait drained waits until the kernel has every datagram that waits here', quick, async () => {
    const far = await farSocket()
    const dialect: Dialect = { ...dialects.udp, role: 'client' }
    const { teller, watch, stop, events } = bench(dialect)
    const client = new UdpClient(
      {
        ...datagramDefaults,
        ...{ host: '127.0.0.1', port: far.port, family: undefined, connect: true, delayMs: 20 },
        ...{ localAddress: undefined, localPort: undefined, replyWaitMs: 1 },
      },
      { teller, now: () => performance.now(), stream: 1 },
    )
    await client.open(stop.signal)
    const interpreter = new Interpreter(dialect, { driver: client, teller, watch, stop })
    for (const line of ['a', 'b', 'c', '/wait drained within 5s']) await interpreter.line(line)
    const sent = datagramsOf(events)
    await client.shutdown(5_000)
    assert.deepEqual(sent, ['client sent a', 'client sent b', 'client sent c'])
  })
})
