import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderReport } from '../../src/views/report.ts'
import { bytes } from '../experiments/staged.ts'
import { assertGolden } from './golden.ts'
import {
  about,
  comparisonOf,
  sabotagedColumn,
  tcpColumn,
  tcpOf,
  udpColumn,
  webSocketColumn,
} from './staged-report.ts'

const absent = { transport: 'udp', because: 'A datagram socket has nothing to be joined.' } as const
const whole = renderReport([comparisonOf([tcpColumn, udpColumn, webSocketColumn])], about)
const several = renderReport(
  [
    comparisonOf([tcpColumn, udpColumn, webSocketColumn]),
    comparisonOf([sabotagedColumn, absent], { name: 'sabotaged' }),
  ],
  about,
)

/** Elements that have no end. */
const voids = new Set(['meta', 'wbr'])
/** Of SVG, where they have no content. */
const selfClosing = /\/>$/

/** The tags in order; every one must be closed where it has to be. */
function assertBalanced(page: string): void {
  const open: string[] = []
  for (const [tag, end = '', name = ''] of page.matchAll(/<(\/?)([a-z][a-z\d]*)\b[^>]*>/gi)) {
    if (end === '/') assert.equal(open.pop(), name, `before ${tag}`)
    else if (!voids.has(name) && !selfClosing.test(tag)) open.push(name)
  }
  assert.deepEqual(open, [])
}

test('report: golden', () => assertGolden('report.html', whole))

for (const [name, page] of [
  ['one', whole],
  ['several', several],
] as const) {
  test(`report of ${name}: its tags balance, and what is referred to is there once`, () => {
    assertBalanced(page)
    const ids = Array.from(page.matchAll(/ id="([^"]*)"/g), ([, id]) => id)
    assert.ok(ids.length > 0)
    assert.equal(new Set(ids).size, ids.length)
    for (const [, wanted = ''] of page.matchAll(/ (?:aria-labelledby|href)="#?([^"]*)"/g)) {
      for (const id of wanted.split(' ')) assert.ok(ids.includes(id), id)
    }
  })

  test(`report of ${name}: it loads nothing, runs nothing, and says so`, () => {
    assert.ok(page.includes(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"`))
    assert.doesNotMatch(page, /<(?:script|link|img|iframe|object|use|image|base|form)\b/i)
    assert.doesNotMatch(page, /\s(?:src|srcset|style|on[a-z]+|xlink:href)=/i)
    assert.doesNotMatch(page, /https?:|url\(|@import/i)
    for (const [, target = ''] of page.matchAll(/href="([^"]*)"/g)) assert.match(target, /^#e\d+$/)
  })
}

test('report: the page has one main, a title, and a diagram for each trial of each transport', () => {
  assert.equal(whole.match(/<main>/g)?.length, 1)
  assert.match(whole, /<title>boundaries · sockpit<\/title>/)
  assert.equal(
    whole.match(/<svg class="diagram" role="img" aria-labelledby="\S+-title \S+-desc"/g)?.length,
    6,
  )
  assert.match(whole, /<time datetime="2026-02-03T04:05:06.000Z">3 February 2026, 04:05 UTC<\/time>/)
})

test('report: the summary counts the claims by verdict, and the contents lead to each experiment', () => {
  assert.match(whole, /10 of 11 claims observed<.*> 1 not observed this run</)
  assert.doesNotMatch(whole, /<nav/)
  assert.match(several, /<nav aria-label="Experiments">/)
  assert.match(several, /\d+ contradicted/)
  assert.match(several, /<a href="#e2"><span class="name">sabotaged<\/span>/)
  assert.match(several, /<section class="experiment" id="e2"/)
  assert.match(several, /A datagram socket has nothing to be joined\./)
})

test('report: the accept is worked out from the key, and does not match where it was another', () => {
  assert.match(whole, /dGhlIHNhbXBsZSBub25jZQ==<wbr>258EAFA5-E914-47DA-95CA-C5AB0DC85B11/)
  assert.match(whole, /b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea/)
  assert.match(whole, /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=<\/code> <span class="good">✓<\/span> what came/)
  const heard = webSocketColumn.heard.map((one) =>
    one.event.kind === 'response'
      ? { ...one, event: { ...one.event, headers: [['Sec-WebSocket-Accept', '<b>']] as const } }
      : one,
  )
  const page = renderReport([comparisonOf([{ ...webSocketColumn, heard }])], about)
  assert.match(page, /<span class="bad">✗<\/span> what came instead: <code>&lt;b&gt;<\/code>/)
})

test('report: what a peer sends stands there as text, and hides nothing', () => {
  const hostile = `</pre></title><script>alert("1")</script>&'`
  const evil = '\u202eevil\u2066\0\x1b[2J'
  const column = tcpOf(
    [
      [1, 'client', bytes('sent', hostile)],
      [1, 'server', bytes('received', hostile)],
    ],
    [
      [2, 'client', bytes('sent', evil)],
      [2, 'server', bytes('received', evil)],
    ],
  )
  const claims = [{ text: hostile, verdict: 'observed', figures: evil }] as const
  const page = renderReport(
    [
      comparisonOf([{ ...column, claims }], {
        name: hostile,
        question: evil,
        explanation: hostile,
        repeat: evil,
      }),
    ],
    { ...about, platform: hostile },
  )
  assertBalanced(page)
  assert.doesNotMatch(page, /<script|<\/pre><\/title>/)
  assert.doesNotMatch(page, /[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
  assert.match(
    page,
    /&lt;\/pre&gt;&lt;\/title&gt;&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;&amp;&#39;/,
  )
  assert.match(page, /\\u\{202e\}evil\\u\{2066\}\\x00\\x1b\[2J/)
})

test('report: without anything heard there is a page all the same', () => {
  const page = renderReport([comparisonOf([{ ...tcpColumn, heard: [], claims: [] }])], about)
  assertBalanced(page)
  assert.match(page, /0 of 0 claims observed/)
  assert.doesNotMatch(page, /NaN|undefined|Infinity/)
})
