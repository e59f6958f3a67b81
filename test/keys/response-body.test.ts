import { expect, test } from 'vitest'
import { readText } from '../../src/keys/response-body.ts'

test('an answer is a text', async () => {
  expect(await readText(new Response('{"a":"ä"}'))).toBe('{"a":"ä"}')
  expect(await readText(new Response(null))).toBe('')
})

test('an answer without an end is left', async () => {
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 16)),
    cancel: () => void (cancelled = true),
  })
  expect(await readText(new Response(endless))).toBe('')
  expect(cancelled).toBe(true)
})
