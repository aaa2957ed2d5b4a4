import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html, lines } from '../../src/views/html.ts'

test('html: what is put in is text, unless it is markup already', () => {
  const text = `<b a="1" c='2'>&amp;`
  assert.equal(html`<i>${text}</i>`.markup, '<i>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;</i>')
  assert.equal(html`${html`<i>${1}</i>`}${undefined}`.markup, '<i>1</i>')
  assert.equal(html`${['<', html`<br>`]}`.markup, '&lt;<br>')
})

test('html: what could hide or reorder text becomes an escape', () => {
  assert.equal(html`${'a\u202eb\0c\nd\\e'}`.markup, 'a\\u{202e}b\\x00c\nd\\e')
})

test('html: pieces on lines of their own', () => {
  assert.equal(lines([html`a`, html`b`]).markup, 'a\nb')
})
