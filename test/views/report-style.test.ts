import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reportStyle } from '../../src/views/report-style.ts'

/** The colors of each scheme, in the order in which the style has them. */
const [day, night, paper] = reportStyle
  .split(':root {')
  .slice(1)
  .map(
    (block) =>
      new Map(Array.from(block.split('}')[0]?.matchAll(/--(\w+): #([\da-f]{3,6});/g) ?? [], toColor)),
  )

function toColor([, name = '', digits = '']: RegExpExecArray): [name: string, channels: readonly number[]] {
  const six = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  return [name, [0, 2, 4].map((at) => Number.parseInt(six.slice(at, at + 2), 16))]
}

/** WCAG 2.2: relative luminance. */
function luminance(channels: readonly number[] = []): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: readonly number[] | undefined, other: readonly number[] | undefined): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

for (const [name, colors] of [
  ['light', day],
  ['dark', night],
  ['print', paper],
] as const) {
  test(`style: in ${name} all that is read has the contrast of WCAG AA`, () => {
    assert.ok(colors !== undefined && colors.size >= 12, String(colors?.size))
    for (const ink of ['ink', 'faint', 'sent', 'received', 'good', 'warning', 'bad']) {
      for (const ground of ['paper', 'card']) {
        const ratio = contrast(colors.get(ink), colors.get(ground))
        assert.ok(ratio >= 4.5, `${ink} on ${ground}: ${ratio.toFixed(2)}`)
      }
    }
    assert.ok(contrast(colors.get('ink'), colors.get('code')) >= 4.5)
  })
}
