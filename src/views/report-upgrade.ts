/** The request and its response side by side, and how the accept comes out of this very key. */
import type { EventOf } from '../event.ts'
import { acceptOf, handshakeGuid } from '../wire/handshake-response.ts'
import { headerValues } from '../wire/http-head.ts'
import { type ComparedColumn, usualLeft } from './comparison.ts'
import { showLatin1 } from './head-lines.ts'
import { meaningOf } from './header-words.ts'
import { html, lines, type Markup } from './html.ts'
import { formatBytes } from './units.ts'

type Head = EventOf<'request' | 'response'>

interface Upgrade {
  readonly request: EventOf<'request'>
  readonly response: EventOf<'response'> | undefined
}

/** The first upgrade in which each side tells of what it sent; none where there was none. */
export function upgradeSection(column: ComparedColumn, id: string): Markup | undefined {
  const upgrade = upgradeOf(column)
  if (upgrade === undefined) return undefined
  const { request, response } = upgrade
  return html`<details class="upgrade"${column.showsUpgrade ? html` open` : undefined}>
<summary><h3 id="${id}-upgrade">The upgrade, as it travelled</h3></summary>
<div class="heads">
${headBlock('→ the request', request)}
${response === undefined ? html`<p class="absent">No response came.</p>` : headBlock('← the response', response)}
</div>
${response === undefined ? undefined : proof(request, response)}
</details>`
}

/** In a trial rather than before it; as who asked tells it. */
function upgradeOf({ heard, left = usualLeft }: ComparedColumn): Upgrade | undefined {
  const asked = heard.filter(({ actor, event }) => left.includes(actor) && event.kind === 'request')
  const chosen = asked.find(({ trial }) => trial !== undefined) ?? asked[0]
  if (chosen?.event.kind !== 'request') return undefined
  const answer = heard
    .slice(heard.indexOf(chosen))
    .find(({ actor, event }) => actor === chosen.actor && event.kind === 'response')
  return {
    request: chosen.event,
    response: answer?.event.kind === 'response' ? answer.event : undefined,
  }
}

function headBlock(title: string, head: Head): Markup {
  const { kind, headers, size } = head
  const start =
    head.kind === 'request'
      ? `${head.method} ${head.target} ${head.version}`
      : `${head.version} ${head.status} ${head.reason}`.trimEnd()
  const rows = headers.map(([name, value]) => {
    const meaning = meaningOf(name, value, kind)
    const aside = meaning === undefined ? undefined : html`\n<span class="meaning">  ${meaning}</span>`
    return html`${showLatin1(name)}: ${showLatin1(value)}${aside}`
  })
  return html`<figure class="head"><figcaption><strong>${title}</strong> ${formatBytes(size)}</figcaption>
<pre><b>${showLatin1(start)}</b>
${lines(rows)}</pre></figure>`
}

/** Worked out from the key of this run (RFC 6455 §4.2.2). */
function proof(request: EventOf<'request'>, response: EventOf<'response'>): Markup | undefined {
  const [key, ...more] = headerValues(request.headers, 'Sec-WebSocket-Key')
  const answered = headerValues(response.headers, 'Sec-WebSocket-Accept')
  if (key === undefined || more.length > 0 || (response.status !== 101 && answered.length === 0))
    return undefined
  const expected = acceptOf(key)
  const digest = Buffer.from(expected, 'base64')
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')
  const holds = answered.length === 1 && answered[0] === expected
  const came = answered.length === 0 ? 'nothing' : answered.map(showLatin1).join(', ')
  const verdict = holds
    ? html`<span class="good">✓</span> what came`
    : html`<span class="bad">✗</span> what came instead: <code>${came}</code>`
  return html`<dl class="proof">
<div><dt>key + GUID</dt><dd><code>${showLatin1(key)}<wbr>${handshakeGuid}</code></dd></div>
<div><dt>its SHA-1</dt><dd><code>${digest}</code></dd></div>
<div><dt>in base64</dt><dd><code>${expected}</code> ${verdict}</dd></div>
</dl>`
}
