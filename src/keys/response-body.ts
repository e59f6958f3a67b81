// What a service answers, but never more than a key takes: whoever answers must not fill our memory.

const maxLength = 1 << 20

/** The body; empty when it is too large. */
export async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? []
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxLength) return new Uint8Array()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body as a text; '' when it is too large. */
export async function readText(response: Response): Promise<string> {
  return new TextDecoder().decode(await readBody(response))
}
