/** Comparisons as one page that needs nothing else: no script, no font, no picture from elsewhere. */
import { type Comparison, type JudgedClaim, verdicts } from './comparison.ts'
import { html, lines, type Markup } from './html.ts'
import { experimentSection } from './report-experiment.ts'
import { reportStyle } from './report-style.ts'
import { formatCount, group } from './units.ts'

export interface AboutReport {
  readonly version: string
  readonly date: Date
  /** What it was run on. */
  readonly platform: string
}

/** Nothing may be loaded, and no script can run, whatever a peer has sent. */
const policy = "default-src 'none'; style-src 'unsafe-inline'"

export function renderReport(comparisons: readonly Comparison[], about: AboutReport): string {
  const names = comparisons.map(({ name }) => name)
  const title =
    names.length === 1 ? `${names[0]} · sockpit` : `${formatCount(names.length, 'experiment')} · sockpit`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sockpit ${about.version}">
<title>${title}</title>
<style>
${{ markup: reportStyle }}</style>
</head>
<body>
${pageHeader(comparisons, about)}
<main>
${lines(comparisons.map((comparison, index) => experimentSection(comparison, `e${index + 1}`, names.length === 1)))}
</main>
${pageFooter}
</body>
</html>
`
  return page.markup
}

const pageFooter = html`<footer>
<p>In the diagrams time runs down. An arrow goes from what was sent to what brought it: where several meet, one read
carried several writes. <span class="bad">✕</span> marks what never arrived, and a broad lifeline somebody who is held
and does not read.</p>
<p>Reads and writes are what a program sees of its own socket. The packets below them it does not see.</p>
</footer>`

function pageHeader(comparisons: readonly Comparison[], { version, date, platform }: AboutReport): Markup {
  const claims = comparisons.flatMap(claimsOf)
  const [first] = comparisons
  const headline =
    comparisons.length === 1 && first !== undefined ? first.question : 'TCP, UDP and WebSocket, side by side'
  return html`<header class="page">
<p class="product">sockpit compare${comparisons.length === 1 ? html` <b>${first?.name}</b>` : undefined}</p>
<h1>${headline}</h1>
<p class="verdicts">${summary(claims)}</p>
<p class="about">sockpit ${version} · <time datetime="${date.toISOString()}">${formatDate(date)}</time> · ${platform}</p>
${comparisons.length > 1 ? contents(comparisons) : undefined}
</header>`
}

function claimsOf({ columns }: Comparison): readonly JudgedClaim[] {
  return columns.flatMap((column) => ('because' in column ? [] : column.claims))
}

/** `✓ 11 of 12 claims observed · ○ 1 not observed this run` */
function summary(claims: readonly JudgedClaim[]): readonly Markup[] {
  const told = Object.entries(verdicts).flatMap(([verdict, { mark, role }]) => {
    const count = claims.filter((claim) => claim.verdict === verdict).length
    const isFirst = verdict === 'observed'
    if (count === 0 && !isFirst) return []
    const words = isFirst
      ? `${group(count)} of ${formatCount(claims.length, 'claim')} observed`
      : `${group(count)} ${verdict}`
    return [html`<span class="verdict"><span class="${role}">${mark}</span> ${words}</span>`]
  })
  return told.flatMap((one, index) => (index === 0 ? [one] : [html` `, one]))
}

function contents(comparisons: readonly Comparison[]): Markup {
  const entries = comparisons.map((comparison, index) => {
    const claims = claimsOf(comparison)
    const worst = worstOf(claims)
    const { mark, role } = verdicts[worst]
    const observed = claims.filter(({ verdict }) => verdict === 'observed').length
    return html`<li><a href="#e${index + 1}"><span class="name">${comparison.name}</span> ${comparison.question}</a> <span class="tally"><span class="${role}">${mark}</span> ${observed} of ${claims.length}</span></li>`
  })
  return html`<nav aria-label="Experiments"><ol>
${lines(entries)}
</ol></nav>`
}

/** The verdict that deserves a look. */
function worstOf(claims: readonly JudgedClaim[]): JudgedClaim['verdict'] {
  const byGravity = ['contradicted', 'not observed this run', 'not supported here'] as const
  return byGravity.find((verdict) => claims.some((claim) => claim.verdict === verdict)) ?? 'observed'
}

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
]

/** `23 November 2026, 14:03 UTC`: the same wherever the page is made. */
function formatDate(date: Date): string {
  const time = date.toISOString().slice(11, 16)
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${time} UTC`
}
