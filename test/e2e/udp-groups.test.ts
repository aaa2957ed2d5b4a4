import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, type TestContext, test } from 'node:test'
import {
  assertEchoes,
  freeDatagramPort,
  onLinux,
  openMailbox,
  serveDatagrams,
  told,
  toldTexts,
  untilTold,
  withoutIpv6,
} from './datagrams.ts'
import { overUdp, run, start } from './sockpit.ts'

const group = '239.255.77.77'

// Side by side: most of these wait for something.
describe('groups and broadcast', { concurrency: 3 }, () => {
  /** A member of the group on this machine; another may share its port. */
  async function join(
    t: TestContext,
    port: number,
    { through = '127.0.0.1', args = [] as readonly string[] } = {},
  ) {
    const options = ['--join', group, '--interface', through, ...args]
    const { server } = await serveDatagrams(t, options, { address: String(port) })
    await server.event('note', ({ text }) => text.startsWith(`joined ${group} `))
    return server
  }

  /** Sends to the group, with what a client can be told. */
  async function sendToGroup(t: TestContext, port: number, text: string, args: readonly string[]) {
    const outcome = await run(t, ['udp-client', group, String(port), ...args, '-e', text, '-e', '/quit'])
    assert.deepEqual([text, outcome.code], [text, 0])
  }

  test('every member on this machine gets what a client sends, and answers as who it is', async (t) => {
    const port = await freeDatagramPort(t)
    const members = [await join(t, port), await join(t, port, { args: ['--echo'] })]
    const [listening] = members.map((member) => member.eventsOf('listening')[0])
    assert.deepEqual(
      [listening?.local.address, listening?.local.port, listening?.reach],
      [group, port, 'loopback'],
    )
    const args = ['udp-client', group, String(port), '--json', '--interface', '127.0.0.1', '-n', '1']
    const client = start(t, args, { stdin: 'to the group' })
    assert.equal((await client.exit).code, 0)
    for (const member of members) {
      await untilTold(member, 'received', 1)
      assert.deepEqual(toldTexts(member, 'received'), ['to the group'])
    }
    const { connected, local } = overUdp(await client.event('opened'))
    assert.equal(connected, false)
    const [answer] = told(client, 'received')
    assert.deepEqual([answer?.remote.address, answer?.remote.port], ['127.0.0.1', port])
    assert.equal(members[0]?.eventsOf('peer')[0]?.remote.port, local.port)
  })

  test('a member hears its group only: what is sent to another one, or to this machine, is not for it', async (t) => {
    const port = await freeDatagramPort(t)
    const member = await join(t, port)
    const mailbox = await openMailbox(t)
    mailbox.socket.setMulticastInterface('127.0.0.1')
    await mailbox.send('to this machine', port, '127.0.0.1')
    await mailbox.send('to another group', port, '239.255.77.78')
    await mailbox.send('to the group', port, group)
    await untilTold(member, 'received', 1)
    assert.deepEqual(toldTexts(member, 'received'), ['to the group'])
  })

  /** The address of an interface that is not the loopback's, which gives back all that is sent through it. */
  const [outside] = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)

  test('--no-loopback: no member on this machine gets it', {
    skip: outside === undefined && 'no interface but the loopback one',
  }, async (t) => {
    const through = outside?.address ?? ''
    const port = await freeDatagramPort(t)
    const members = [await join(t, port, { through }), await join(t, port, { through })]
    // With a TTL of 0 nothing leaves this machine.
    const options = ['--interface', through, '--multicast-ttl', '0']
    await sendToGroup(t, port, 'not for you', [...options, '--no-loopback'])
    await sendToGroup(t, port, 'for you', options)
    for (const member of members) {
      await untilTold(member, 'received', 1)
      assert.deepEqual(toldTexts(member, 'received'), ['for you'])
    }
  })

  test('an IPv6 group of the link is joined through the interface that is named', {
    skip: withoutIpv6,
  }, async (t) => {
    const port = await freeDatagramPort(t)
    const args = ['--join', 'ff02::4d4d', '--interface', '::1']
    const { server } = await serveDatagrams(t, args, { address: String(port) })
    await server.event('note', ({ text }) => text.startsWith('joined ff02::4d4d'))
  })

  test('a group and an address of another family: one line, exit 2', async (t) => {
    for (const args of [
      ['--join', 'ff02::1', '-4'],
      ['--join', '224.0.0.1', '-6'],
      ['--join', 'all.my.friends'],
    ]) {
      const { code, stderr } = await run(t, ['udp-server', '0', ...args])
      assert.deepEqual([args, code], [args, 2])
      assert.match(stderr, /^sockpit: --join: [^\n]+\n$/)
    }
  })

  test('--broadcast and /set broadcast reach everybody, who answer as who they are', {
    skip: onLinux,
  }, async (t) => {
    const { server, port } = await serveDatagrams(t, ['--echo'], { address: '0.0.0.0:0' })
    const args = ['udp-client', '127.255.255.255', String(port), '--json', '-n', '2']
    for (const how of [['--broadcast'], ['-e', '/set broadcast on']]) {
      const client = start(t, [...args, ...how, '-e', 'one', '-e', 'two'])
      assert.equal((await client.exit).code, 0)
      assert.deepEqual(toldTexts(client, 'received'), ['one', 'two'])
      const [answer] = told(client, 'received')
      assert.deepEqual([answer?.remote.address, answer?.remote.port], ['127.0.0.1', port])
      assert.equal(overUdp(await client.event('opened')).connected, false)
    }
    await untilTold(server, 'received', 4)
    assert.deepEqual(toldTexts(server, 'received'), ['one', 'two', 'one', 'two'])
    await assertEchoes(t, port)
  })
})
