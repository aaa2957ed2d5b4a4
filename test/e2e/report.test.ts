import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'
import { renderReport } from '../../src/views/report.ts'
import {
  about,
  comparisonOf,
  sabotagedColumn,
  tcpColumn,
  udpColumn,
  webSocketColumn,
} from '../views/staged-report.ts'
import { missing, pathOf } from './peers.ts'
import { startProgram, temporaryFolder } from './sockpit.ts'

const columns = [tcpColumn, udpColumn, webSocketColumn]

/** How Chromium numbers what `prefers-color-scheme` asks for. */
const schemes = { dark: 0, light: 1 } as const

/** Opens the page as a file, and answers what the browser says on its two outputs. */
async function browse(
  t: TestContext,
  page: string,
  flags: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const file = join(temporaryFolder(t), 'report.html')
  writeFileSync(file, page)
  const browser = startProgram(t, pathOf('chromium') ?? 'chromium', [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-extensions',
    '--disable-background-networking',
    '--no-first-run',
    '--hide-scrollbars',
    '--enable-logging=stderr',
    `--user-data-dir=${temporaryFolder(t)}`,
    ...flags,
    pathToFileURL(file).href,
  ])
  const { code, stdout, stderr } = await browser.exit
  assert.equal(code, 0, stderr.slice(-2_000))
  // What the policy forbids is told there, as is any script that fails.
  assert.doesNotMatch(stderr, /CONSOLE|Content Security Policy|Refused to/)
  return { stdout: stdout.toString(), stderr }
}

/** A picture of the page as wide as asked for. */
async function shoot(
  t: TestContext,
  page: string,
  scheme: keyof typeof schemes,
  [width, height]: readonly [number, number],
): Promise<Picture> {
  const file = join(temporaryFolder(t), 'page.png')
  await browse(t, page, [
    `--screenshot=${file}`,
    `--window-size=${width},${height}`,
    `--blink-settings=preferredColorScheme=${schemes[scheme]}`,
  ])
  return readPicture(readFileSync(file))
}

interface Picture {
  readonly width: number
  readonly height: number
  /** Each color as a number, and how many pixels have it. */
  readonly colors: ReadonlyMap<number, number>
  readonly corner: number
}

/** A PNG of 8 bits a channel that is not interlaced (RFC 2083). */
function readPicture(png: Buffer): Picture {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const [depth, type, interlaced] = [png[24], png[25], png[28]]
  assert.ok(depth === 8 && (type === 2 || type === 6) && interlaced === 0, `${depth} ${type} ${interlaced}`)
  const channels = type === 2 ? 3 : 4
  const data: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const end = at + 8 + png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, end))
  }
  const lines = unfilter(inflateSync(Buffer.concat(data)), width * channels, channels)
  const colors = new Map<number, number>()
  for (let at = 0; at < lines.length; at += channels) {
    const color = lines.readUIntBE(at, 3)
    colors.set(color, (colors.get(color) ?? 0) + 1)
  }
  return { width, height, colors, corner: lines.readUIntBE(0, 3) }
}

/** Every byte stands there as the difference to one before it (RFC 2083 §6). */
function unfilter(filtered: Buffer, stride: number, channels: number): Buffer {
  const rows = filtered.length / (stride + 1)
  const whole = Buffer.alloc(rows * stride)
  for (let row = 0; row < rows; row += 1) {
    const filter = filtered[row * (stride + 1)] ?? 0
    for (let at = 0; at < stride; at += 1) {
      const here = row * stride + at
      const left = at < channels ? 0 : (whole[here - channels] ?? 0)
      const above = row === 0 ? 0 : (whole[here - stride] ?? 0)
      const corner = row === 0 || at < channels ? 0 : (whole[here - stride - channels] ?? 0)
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? 0
      whole[here] = ((filtered[row * (stride + 1) + 1 + at] ?? 0) + guess) & 0xff
    }
  }
  return whole
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((one) => Math.abs(guess - one))
  if (toLeft === undefined || toAbove === undefined || toCorner === undefined) return 0
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}

const page = renderReport([comparisonOf(columns)], about)
const [paper, night] = [0xfaf9f6, 0x14171b]
const [sentByDay, sentByNight] = [0x0a58a8, 0x86bdf8]

test('a report is drawn by a browser, in light and in dark', { skip: missing('chromium') }, async (t) => {
  for (const [scheme, background, arrow] of [
    ['light', paper, sentByDay],
    ['dark', night, sentByNight],
  ] as const) {
    const { width, height, colors, corner } = await shoot(t, page, scheme, [1920, 1080])
    assert.deepEqual([width, height], [1920, 1080])
    assert.equal(corner.toString(16), background.toString(16), scheme)
    assert.ok(colors.size > 50, `${colors.size} colors`)
    assert.ok((colors.get(arrow) ?? 0) > 300, `${colors.get(arrow)} pixels of arrows`)
  }
})

test('a report has its diagrams and its policy in the page that the browser made of it', {
  skip: missing('chromium'),
}, async (t) => {
  const { stdout } = await browse(t, page, ['--dump-dom'])
  assert.equal(stdout.match(/<svg /g)?.length, 6)
  assert.equal(stdout.match(/<path class="head"/g)?.length, page.match(/<path class="head"/g)?.length)
  assert.match(stdout, /Content-Security-Policy/)
  assert.match(stdout, /Five words are sent/)
})

test('a page that breaks the policy would be told of', { skip: missing('chromium') }, async (t) => {
  const broken = page.replace('</main>', '<img src="http://127.0.0.1:9/"></main>')
  await assert.rejects(browse(t, broken, ['--dump-dom']), { name: 'AssertionError' })
})

test('what a peer sends runs nowhere', { skip: missing('chromium') }, async (t) => {
  const hostile = `"><script>document.title='ran'</script><img src=x onerror="document.title='ran'">`
  const comparison = comparisonOf([sabotagedColumn], {
    question: hostile,
    explanation: hostile,
    repeat: hostile,
  })
  const { stdout } = await browse(t, renderReport([comparison], about), ['--dump-dom'])
  assert.doesNotMatch(stdout, /<title>ran|<script|<img/)
})
