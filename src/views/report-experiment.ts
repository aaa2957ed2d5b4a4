/** One experiment of a report: its columns side by side, each with its diagrams, counts and claims. */
import { carriagesOf } from './carriage.ts'
import { inCausalOrder } from './causal.ts'
import {
  type AbsentColumn,
  type ComparedColumn,
  type Comparison,
  columnKey,
  columnTitle,
  type HandStep,
  type JudgedClaim,
  verdicts,
} from './comparison.ts'
import { type Both, type CountRow, countsOf } from './counts.ts'
import { drawDiagram } from './diagram-svg.ts'
import { html, lines, type Markup } from './html.ts'
import { upgradeSection } from './report-upgrade.ts'
import { layOutDiagram, type SequenceDiagram } from './sequence-diagram.ts'
import { group } from './units.ts'

/** `id`: the section's own, and the beginning of every other in it. `isOnly`: the page's title asks its question. */
export function experimentSection(comparison: Comparison, id: string, isOnly: boolean): Markup {
  const { name, question, explanation, columns, repeat } = comparison
  const trials = Math.max(1, ...columns.map((column) => ('because' in column ? 1 : column.trials.length)))
  const isAlone = columns.filter((column) => !('because' in column)).length === 1
  const layout = isAlone ? 'alone' : `rows-${Math.min(trials, mostAligned)}`
  const drawn = columns.map((column) => {
    const columnId = `${id}-${columnKey(column)}`
    const body = 'because' in column ? absence(column) : columnBody(column, columnId, trials)
    return html`<article class="column${'because' in column ? ' absent' : ''}" aria-labelledby="${columnId}">
<h3 id="${columnId}">${columnTitle(column)}</h3>
${body}
</article>`
  })
  return html`<section class="experiment" id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name"${isOnly ? html` class="unseen"` : undefined}><span class="name">${name}</span> ${question}</h2>
<p class="explanation">${explanation}</p>
<div class="columns ${layout}">
${lines(drawn)}
</div>
${columns.map((column) => ('because' in column ? undefined : upgradeSection(column, `${id}-${columnKey(column)}`)))}
<p class="repeat">Repeat this very run <code>${repeat}</code></p>
</section>`
}

/** The style knows as many rows of trials that stand beside each other. */
const mostAligned = 6

function absence({ because }: AbsentColumn): Markup {
  return html`<p class="absent"><span class="faint">–</span> ${because}</p>`
}

/** Every column has as many blocks, so that they stand beside their like. */
function columnBody(column: ComparedColumn, id: string, trials: number): Markup {
  const ordered = inCausalOrder(column.heard)
  const carriages = carriagesOf(ordered)
  const laidOut = column.trials.map(({ name }) => layOutDiagram(column, name, ordered, carriages))
  const diagrams = laidOut.some(tellsOfReads) ? laidOut : laidOut.map((one) => ({ ...one, brackets: [] }))
  const figures = column.trials.map(({ name, title }, index) => {
    const diagram = diagrams[index]
    const texts = { id: `${id}-${index + 1}`, title: `${columnTitle(column)}, ${name}: ${title}` }
    return html`<figure>
<figcaption><strong>${name}</strong> ${title}</figcaption>
${diagram && drawDiagram(diagram, texts, diagrams)}
</figure>`
  })
  const empty = Array.from({ length: Math.max(0, trials - figures.length) }, () => html`<div></div>`)
  return lines([...figures, ...empty, countTable(column), claimList(column.claims), handList(column.byHand)])
}

/** Whether a read brought several of something, or several reads brought one: else they need no word. */
function tellsOfReads({ brackets }: SequenceDiagram): boolean {
  return brackets.some(({ reads, count }) => reads.length > 1 || count > 1)
}

type CountColumn = readonly [head: string, of: (row: CountRow) => number | Both | undefined]

/** Only those in which something stands. */
function countTable(column: ComparedColumn): Markup {
  const rows = countsOf(column)
  const isDatagram = column.transport === 'udp'
  const all: readonly CountColumn[] = [
    [isDatagram ? 'sent' : 'writes', ({ writes }) => writes],
    [isDatagram ? 'received' : 'reads', ({ reads }) => reads],
    ['messages', ({ messages }) => (isDatagram ? undefined : messages)],
    ['payload', ({ payload }) => payload],
    ['framing', ({ framing }) => framing],
    ['upgrade', ({ upgrade }) => upgrade],
  ]
  const always = 2
  const shown = all.filter(
    ([, of], index) => index < always || rows.some((row) => countText(of(row)) !== '0'),
  )
  const heads = shown.map(([head]) => html`<th scope="col">${head}</th>`)
  const body = rows.map((row, index) => {
    const isSame = rows[index - 1]?.trial === row.trial
    const way = row.way === '←' ? 'to the left' : 'to the right'
    const cells = shown.map(([, of]) => html`<td>${countText(of(row))}</td>`)
    return html`<tr><th scope="row">${isSame ? html`<span class="ditto">${row.trial}</span>` : row.trial} <span role="img" aria-label="${way}">${row.way ?? '→'}</span></th>${cells}</tr>`
  })
  return html`<div class="counts"><h4>Counted, sizes in bytes</h4>
<table><thead><tr><th scope="col">trial</th>${heads}</tr></thead>
<tbody>
${lines(body)}
</tbody></table></div>`
}

/** `5`, or where the ends differ `5 → 4`. */
function countText(count: number | Both | undefined): string {
  if (count === undefined || typeof count === 'number') return group(count ?? 0)
  const { sent, received } = count
  return sent === received ? group(sent) : `${group(sent)} → ${group(received)}`
}

function claimList(claims: readonly JudgedClaim[]): Markup {
  const items = claims.map(({ text, verdict, figures }) => {
    const { mark, role } = verdicts[verdict]
    return html`<li class="claim"><span class="mark ${role}" aria-hidden="true">${mark}</span><p>${text}</p><p class="proof"><span class="${role}">${verdict}</span>: ${figures}</p></li>`
  })
  return html`<div class="claims"><h4>Claimed</h4>
<ul>
${lines(items)}
</ul></div>`
}

function handList(steps: readonly HandStep[]): Markup {
  const terminals = new Set(steps.map(({ terminal }) => terminal)).size
  const where =
    ['', 'one terminal', 'two terminals', 'three terminals'][terminals] ?? `${terminals} terminals`
  const items = steps.map(
    ({ terminal, does, line }) =>
      html`<li><span class="where">${does} in ${terminal}</span> <code>${line}</code></li>`,
  )
  return html`<div class="by-hand"><h4>By hand, in ${where}</h4>
<ol>
${lines(items)}
</ol></div>`
}
