/** Draws a sequence diagram: time runs down, whoever acts has a lifeline, and arrows go to what brought them. */
import { type DiagramFrame, frameOf, tellReads } from './diagram-frame.ts'
import { html, type Markup } from './html.ts'
import type { Arrow, Bracket, Hold, Loss, Mark, Omission, SequenceDiagram } from './sequence-diagram.ts'
import { formatCount } from './units.ts'

export interface DiagramTexts {
  /** Unlike that of any other on the page. */
  readonly id: string
  readonly title: string
}

/** Of a tick on a lifeline. */
const radius = 4.5
const headLength = 11
const headWidth = 4.5

/** Of a row, how far down what was lost comes. */
const fallOfLoss = 0.45

/** `alike`: the other diagrams of its column. */
export function drawDiagram(
  diagram: SequenceDiagram,
  { id, title }: DiagramTexts,
  alike: readonly SequenceDiagram[] = [],
): Markup {
  const frame = frameOf(diagram, alike)
  const { width, height } = frame
  return html`<svg class="diagram" role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${tellInWords(diagram)}</desc>
${diagram.lanes.map((_, lane) => drawLane(diagram, lane, frame))}
${diagram.holds.map((hold) => drawHold(hold, frame))}
${diagram.arrows.map((arrow) => drawArrow(arrow, frame))}
${diagram.losses.map((loss) => drawLoss(loss, frame))}
${diagram.brackets.map((bracket) => drawBracket(bracket, diagram, frame))}
${diagram.marks.map((mark) => drawMark(mark, frame))}
${diagram.gap && drawOmission(diagram.gap, frame)}
</svg>`
}

/** More would be listened to by nobody. */
const mostTold = 40

/** What is drawn, for who does not see it. */
function tellInWords({ lanes, marks, losses }: SequenceDiagram): string {
  const lost = new Map(losses.map(({ from, text }) => [from, `, ${text}`]))
  const told = marks
    .toSorted((one, other) => one.row - other.row)
    .map((mark) => {
      const { size, text, more } = mark.label
      const words = [lanes[mark.lane]?.name, size, text, more].filter(Boolean).join(' ')
      return words + (lost.get(mark) ?? '')
    })
  const rest = told.length > mostTold ? `; and ${told.length - mostTold} more` : ''
  return `From top to bottom: ${told.slice(0, mostTold).join('; ')}${rest}.`
}

function drawLane({ lanes }: SequenceDiagram, lane: number, frame: DiagramFrame): Markup {
  const name = lanes[lane]?.name ?? ''
  const x = frame.x(lane)
  const { boxHeight, bottom } = frame
  const half = frame.boxWidth(name) / 2
  return html`<path class="lifeline" d="M${x} ${boxHeight}V${bottom}"/>
<rect class="actor" x="${x - half}" y="1" width="${2 * half}" height="${boxHeight - 1}" rx="6"/>
<text class="name" x="${x}" y="${boxHeight / 2 + 6.5}" text-anchor="middle">${name}</text>
`
}

function drawHold({ lane, from, to }: Hold, { x, y, bottom }: DiagramFrame): Markup {
  const [top, end] = [y(from), to === undefined ? bottom : y(to)]
  return html`<rect class="hold" x="${x(lane) - 7}" y="${top}" width="14" height="${end - top}" rx="3"/>
`
}

function drawMark(mark: Mark, frame: DiagramFrame): Markup {
  const { lane, row, lastRow, whole, isMany } = mark
  const label = frame.cut(mark.label)
  const [x, y] = [frame.x(lane), frame.y(row)]
  const isLeft = frame.isLeft(lane)
  const labelX = x + (isLeft ? -1 : 1) * frame.labelGap
  const anchor = isLeft ? 'end' : 'start'
  const tick = isMany
    ? html`<rect x="${x - 5}" y="${y - radius}" width="10" height="${frame.y(lastRow) - y + 2 * radius}" rx="5"/>`
    : html`<circle cx="${x}" cy="${y}" r="${radius}"/>`
  const space = label.text === '' ? '' : ' '
  const size = label.size === undefined ? undefined : html`<tspan class="size">${label.size}</tspan>${space}`
  const more =
    label.more === undefined
      ? undefined
      : html`<tspan class="size" x="${labelX}" dy="21">${label.more}</tspan>`
  return html`<g class="mark ${label.role}"><title>${whole}</title>${tick}<text x="${labelX}" y="${y + 6}" text-anchor="${anchor}">${size}<tspan class="said">${label.text}</tspan>${more}</text></g>
`
}

function drawOmission({ row, count }: Omission, { center, y }: DiagramFrame): Markup {
  return html`<text class="omission" x="${center}" y="${y(row) + 6}" text-anchor="middle">⋮ ${formatCount(count, 'more event')} ⋮</text>
`
}

/** Of many, the first and the last, and what lies between them. */
function drawArrow({ from, to }: Arrow, { x, y }: DiagramFrame): Markup {
  const way = x(from.lane) < x(to.lane) ? 'sent' : 'received'
  const [start, end] = [x(from.lane), x(to.lane)]
  const first = arrowBetween([start, y(from.row)], [end, y(to.row)])
  if (!from.isMany && !to.isMany)
    return html`<g class="arrow ${way}">${first}</g>
`
  const last = arrowBetween([start, y(from.lastRow)], [end, y(to.lastRow)])
  const corners = [
    [start, y(from.row)],
    [end, y(to.row)],
    [end, y(to.lastRow)],
    [start, y(from.lastRow)],
  ]
  const points = corners.map((corner) => corner.join(',')).join(' ')
  return html`<g class="arrow ${way}"><polygon class="ribbon" points="${points}"/>${first}${last}</g>
`
}

type Point = readonly [x: number, y: number]

/** From tick to tick; its head touches the other one. */
function arrowBetween([fromX, fromY]: Point, [toX, toY]: Point): Markup {
  const length = Math.hypot(toX - fromX, toY - fromY)
  const [along, down] = [(toX - fromX) / length, (toY - fromY) / length]
  const at = (distance: number, aside = 0): string =>
    `${round(toX - along * distance - down * aside)} ${round(toY - down * distance + along * aside)}`
  const tip = radius + 1
  const base = tip + headLength
  return html`<path class="shaft" d="M${round(fromX)} ${round(fromY)}L${at(base)}"/><path class="head" d="M${at(tip)}L${at(base, headWidth)}L${at(base, -headWidth)}Z"/>`
}

/** Goes on its way and ends there. */
function drawLoss({ from, text }: Loss, frame: DiagramFrame): Markup {
  const toRight = frame.isLeft(from.lane)
  const way = toRight ? 1 : -1
  const [startX, startY] = [frame.x(from.lane), frame.y(from.lastRow)]
  const x = frame.center
  const y = round(startY + fallOfLoss * frame.rowHeight)
  const cross = 6
  return html`<g class="loss"><path class="shaft" d="M${startX} ${startY}L${x} ${y}"/><path class="cross" d="M${x - cross} ${y - cross}L${x + cross} ${y + cross}M${x - cross} ${y + cross}L${x + cross} ${y - cross}"/><text x="${x + way * 14}" y="${y + 6}" text-anchor="${toRight ? 'start' : 'end'}">${text}</text></g>
`
}

/** Beside the labels of what came out of the reads. */
function drawBracket(bracket: Bracket, { marks }: SequenceDiagram, frame: DiagramFrame): Markup {
  const { lane, from, to } = bracket
  const way = frame.isLeft(lane) ? -1 : 1
  const x = frame.bracketX(bracket)
  const isTwoLined = marks.some((mark) => mark.lane === lane && mark.lastRow === to && mark.label.more)
  const [top, bottom] = [frame.y(from) - 12, frame.y(to) + (isTwoLined ? 28 : 12)]
  const serif = x - 5 * way
  const words = tellReads(bracket)
  const textX = x + way * 8
  const textY = (top + bottom) / 2 + 6 - (words.length - 1) * 10
  const spans = words.map((line, index) => html`<tspan x="${textX}" dy="${index * 20}">${line}</tspan>`)
  const anchor = way === 1 ? 'start' : 'end'
  return html`<g class="bracket"><path d="M${serif} ${top}H${x}V${bottom}H${serif}"/><text y="${textY}" text-anchor="${anchor}">${spans}</text></g>
`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
