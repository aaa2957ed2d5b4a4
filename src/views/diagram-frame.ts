/** Where everything in a sequence diagram stands, pixels: its labels get the room that there is. */
import { cellWidth } from './cells.ts'
import { cutLabel, type Label, labelCells } from './diagram-labels.ts'
import type { Bracket, SequenceDiagram } from './sequence-diagram.ts'
import { formatBytes, formatCount } from './units.ts'

export interface DiagramFrame {
  readonly width: number
  readonly height: number
  /** Where the lifelines end. */
  readonly bottom: number
  readonly boxHeight: number
  readonly rowHeight: number
  /** Halfway between the innermost lifelines of the two sides. */
  readonly center: number
  /** From a lifeline to its labels. */
  readonly labelGap: number
  x(lane: number): number
  y(row: number): number
  isLeft(lane: number): boolean
  boxWidth(name: string): number
  /** What of a label has room. */
  cut(label: Label): Label
  bracketX(bracket: Bracket): number
}

/** The columns of a page have room for this side by side on a projector. */
const usualWidth = 560
const leastMiddle = 150

/** Cells of a label, from the best to what can just be borne. */
const rooms = [18, 16, 14, 13] as const

/** A character of any monospace font at 17 pixels takes no more. */
const cell = 10.3

const rowHeight = 36
const boxHeight = 34
const firstRow = boxHeight + 30
const afterLastRow = 26
const labelGap = 15
const bracketGap = 12
const afterBracket = 8
const boxPadding = 26
const betweenLanes = 14

/** `alike`: the other diagrams of its column, so that the lifelines of all stand under each other. */
export function frameOf(diagram: SequenceDiagram, alike: readonly SequenceDiagram[]): DiagramFrame {
  const names = namesOf(diagram)
  const siblings = [diagram, ...alike.filter((one) => namesOf(one) === names)]
  const widths = rooms.map((cells) => measure(siblings, diagram.lanes, cells))
  const frame = widths.find(({ width }) => width <= usualWidth) ?? widths.at(-1)
  const { cells, left, step, width, middle } = frame ?? measure([], diagram.lanes, rooms[0])
  const lefts = countLeft(diagram.lanes)
  const isLeft = (lane: number): boolean => lane < lefts
  const bottom = firstRow + Math.max(0, diagram.rowCount - 1) * rowHeight + afterLastRow
  const x = (lane: number): number =>
    Math.round(
      isLeft(lane) ? left.margin + lane * step : left.margin + left.span + middle + (lane - lefts) * step,
    )
  return {
    width,
    height: bottom + 2,
    bottom,
    boxHeight,
    rowHeight,
    center: Math.round(left.margin + left.span + middle / 2),
    labelGap,
    x,
    y: (row) => firstRow + row * rowHeight,
    isLeft,
    boxWidth,
    cut: (label) => cutLabel(label, cells),
    bracketX: (bracket) => {
      const aside = Math.round(bracketAt(bracket, diagram, cells))
      return x(bracket.lane) + (isLeft(bracket.lane) ? -aside : aside)
    },
  }
}

type Lanes = SequenceDiagram['lanes']

interface Side {
  /** Outside of the outermost lifeline. */
  readonly margin: number
  /** From the outermost lifeline to the innermost. */
  readonly span: number
}

interface Measures {
  readonly cells: number
  readonly left: Side
  readonly right: Side
  /** Between two lifelines of one side. */
  readonly step: number
  readonly middle: number
  readonly width: number
}

function measure(diagrams: readonly SequenceDiagram[], lanes: Lanes, cells: number): Measures {
  const step = Math.max(...lanes.map(({ name }) => boxWidth(name) + betweenLanes))
  const lefts = countLeft(lanes)
  const side = (isLeft: boolean): Side => {
    const count = isLeft ? lefts : lanes.length - lefts
    /** How many lifelines of its side stand further out. */
    const outer = (lane: number): number => (isLeft ? lane : lanes.length - 1 - lane)
    const ends = diagrams.flatMap((diagram) =>
      endsOf(diagram, cells).filter(({ lane }) => lane < lefts === isLeft),
    )
    const margin = Math.max(step / 2, ...ends.map(({ lane, end }) => end - outer(lane) * step))
    return { margin, span: Math.max(0, count - 1) * step }
  }
  const [left, right] = [side(true), side(false)]
  const taken = left.margin + left.span + right.span + right.margin
  const middle = Math.max(leastMiddle, usualWidth - taken)
  return { cells, left, right, step, middle, width: Math.round(taken + middle) }
}

/** How far from its lifeline everything ends that stands beside it. */
function endsOf(
  diagram: SequenceDiagram,
  cells: number,
): readonly { readonly lane: number; readonly end: number }[] {
  const marks = diagram.marks.map(({ lane, label }) => ({ lane, end: labelEnd(label, cells) }))
  const brackets = diagram.brackets.map((bracket) => {
    const widest = Math.max(...tellReads(bracket).map(cellWidth)) * cell
    return { lane: bracket.lane, end: bracketAt(bracket, diagram, cells) + afterBracket + widest }
  })
  return [...marks, ...brackets]
}

function labelEnd(label: Label, cells: number): number {
  return labelGap + labelCells(cutLabel(label, cells)) * cell
}

/** How far from the lifeline: beside the longest label that it holds. */
function bracketAt({ lane, from, to }: Bracket, { marks }: SequenceDiagram, cells: number): number {
  const held = marks.filter((mark) => mark.lane === lane && mark.row >= from && mark.row <= to)
  return bracketGap + Math.max(0, ...held.map(({ label }) => labelEnd(label, cells)))
}

/** `read 22 B`; several in two lines. */
export function tellReads({ reads }: Bracket): readonly string[] {
  const bytes = formatBytes(reads.reduce((sum, size) => sum + size, 0))
  return reads.length === 1 ? [`read ${bytes}`] : [formatCount(reads.length, 'read'), bytes]
}

function boxWidth(name: string): number {
  return Math.round(cellWidth(name) * cell + boxPadding)
}

function countLeft(lanes: Lanes): number {
  return lanes.filter(({ side }) => side === 'left').length
}

function namesOf({ lanes }: SequenceDiagram): string {
  return lanes.map(({ name, side }) => `${side} ${name}`).join(', ')
}
