import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { corpus, refusedCorpus, type CorpusFile } from '../corpus/corpus.ts'
import { decryptAs, encryptAs } from '../ours.ts'
import { liftInlineComments, onlySecretsDiffer, yamlComments, yamlValues } from './comparison.ts'
import { installNpmPackages, npmSopsAge } from './peers.ts'
import { bytesOf, sops, sopsDecrypt, sopsEncrypt, tsops } from './sops.ts'
import { alice } from '../test-keys.ts'

const files = corpus()

/** Files that sops itself cannot decrypt again, whoever encrypted them. */
const sopsCannotDecrypt = new Map([['ini/php.ini', 'sops panics at a comment whose first line is only marks']])

/** Where our round trip does not give the bytes back. */
const notIdentical = new Map<string, string>()

/** Where the encrypted text has to differ from the plain one beside its secrets. */
const restructured = new Map([
  ['yaml/anchors.yaml', 'aliases are expanded: one ciphertext cannot stand at two paths'],
  ['yaml/gitlab-ci.yml', 'merge keys are expanded'],
  ['yaml/helm-anchors.yaml', 'merge keys and aliases are expanded'],
  ['yaml/helm-values.yaml', 'merge keys are expanded'],
  ['yaml/json-in-yaml.yaml', 'the section stands on its own lines inside the braces'],
  ['ini/comments.ini', 'a comment of several lines is one ciphertext'],
])

/** Where our conversion is not what sops prints. */
const printedBetter = new Map([
  ['json/unicode.json to yaml', 'sops prints U+2028 and U+2029 bare, where YAML reads them as line breaks'],
])

/** Where a file of sops keeps more in our hands than in those of sops. */
const keptBetter = new Map([['yaml/comments-flow.yaml', 'sops loses a comment in an empty flow collection']])

/** Where a strict reader stumbles over what we keep of the author's text. */
const notForSopsAge = new Map([
  ['json/trailing-garbage.json', 'what stands behind the value stays'],
  ['yaml/tags.yaml', 'the tag of a set stays'],
  ['yaml/block-scalars.yaml', 'a block with `+` stays one'],
  ['yaml/k8s-configmap-scripts.yaml', 'a block with `+` stays one'],
  ['yaml/no-final-newline-block.yaml', 'a block that ends the file without a line break'],
])

const sopsReads = files.filter(({ name }) => !sopsCannotDecrypt.has(name))

describe('sops opens what we encrypt', () => {
  test.concurrent.for(sopsReads)('$name', async (file, { expect }) => {
    const ours = await encryptAs(file.format, file.bytes)
    const opened = await sopsDecrypt(file.format, ours)
    const theirs = await bytesOf(sopsDecrypt(file.format, await bytesOf(sopsEncrypt(file.format, file.bytes))))
    expect(opened.stderr).toBe('')
    expect(opened.status).toBe(0)
    expect(ciphertexts(opened.stdout)).toEqual(ciphertexts(file.bytes))
    if (file.format === 'yaml') expectSameYaml(opened.stdout.toString(), theirs.toString(), file)
    else expect(opened.stdout.toString('latin1')).toBe(theirs.toString('latin1'))
  })
})

describe('we open what sops encrypts', () => {
  test.concurrent.for(sopsReads)('$name', async (file, { expect }) => {
    const encrypted = await bytesOf(sopsEncrypt(file.format, file.bytes))
    const theirs = await bytesOf(sopsDecrypt(file.format, encrypted))
    const ours = Buffer.from(await decryptAs(file.format, encrypted))
    if (keptBetter.has(file.name)) return expect(yamlValues(ours.toString())).toEqual(yamlValues(theirs.toString()))
    // sops moves a comment from behind a value to above it; we leave it where it is.
    if (file.format === 'yaml') expect(liftInlineComments(ours.toString())).toBe(liftInlineComments(theirs.toString()))
    else expect(ours.toString('latin1')).toBe(theirs.toString('latin1'))
  })
})

interface SopsAge {
  readonly decryptSops: (text: string, options: { secretKey: string; fileType: string }) => Promise<unknown>
}

// Its patterns are stricter than those of sops, and as strict as what people write into their scripts.
describe('the npm package sops-age opens of ours what it opens of sops', () => {
  const fileTypes: Readonly<Record<string, string>> = { yaml: 'yaml', json: 'json', dotenv: 'env', ini: 'ini' }
  const open = async (file: CorpusFile, encrypted: Uint8Array): Promise<unknown> => {
    const { decryptSops } = (await import(join(npmSopsAge, 'dist', 'index.js'))) as SopsAge
    const options = { secretKey: alice.identity, fileType: fileTypes[file.format] ?? '' }
    return decryptSops(Buffer.from(encrypted).toString(), options)
  }
  beforeAll(installNpmPackages)

  const readable = sopsReads.filter(({ format, name }) => format in fileTypes && !notForSopsAge.has(name))
  test.concurrent.for(readable)('$name', async (file, { expect }) => {
    const theirs = await open(file, await bytesOf(sopsEncrypt(file.format, file.bytes))).catch(() => undefined)
    if (theirs === undefined) return
    expect(await open(file, await encryptAs(file.format, file.bytes))).toEqual(theirs)
  })
})

describe('we give back the bytes', () => {
  test.concurrent.for(files)('$name', async (file, { expect }) => {
    const back = Buffer.from(await decryptAs(file.format, await encryptAs(file.format, file.bytes)))
    if (notIdentical.has(file.name)) expect(back.equals(file.bytes), 'no longer an exception').toBe(false)
    else expect(back.toString('latin1')).toBe(file.bytes.toString('latin1'))
  })

  test('in at least 95 % of the files', () => {
    expect(notIdentical.size / files.length).toBeLessThan(0.05)
  })
})

describe('only secrets differ between a file and its encryption', () => {
  const structured = files.filter(({ format, name }) => format !== 'binary' && !restructured.has(name))
  test.concurrent.for(structured)('$name', async (file, { expect }) => {
    const encrypted = Buffer.from(await encryptAs(file.format, file.bytes))
    expect(onlySecretsDiffer(file.format, file.bytes.toString('latin1'), encrypted.toString('latin1'))).toBe(true)
  })
})

describe('conversions print what sops prints', () => {
  const outputs = ['yaml', 'json', 'dotenv', 'ini', 'binary']
  const cases = sopsReads.flatMap((file) =>
    outputs
      .filter((output) => output !== file.format && !printedBetter.has(`${file.name} to ${output}`))
      .map((output) => ({ file, output, name: file.name })),
  )
  test.concurrent.for(cases)('$name to $output', async ({ file, output }, { expect }) => {
    const encrypted = await bytesOf(sopsEncrypt(file.format, file.bytes))
    const theirs = await sopsDecrypt(file.format, encrypted, output)
    const ours = await decryptAs(file.format, encrypted, output).then(
      (bytes) => Buffer.from(bytes).toString('latin1'),
      (error: unknown) => error,
    )
    if (theirs.status !== 0) expect(ours, theirs.stderr).toBeInstanceOf(Error)
    else expect(ours).toBe(theirs.stdout.toString('latin1'))
  })
})

describe('what sops refuses to encrypt, so do we', () => {
  test.concurrent.for(refusedCorpus())('$name', async ({ path }, { expect }) => {
    const args = ['encrypt', '--age', alice.recipient, path]
    const [theirs, ours] = await Promise.all([sops(args), tsops(args)])
    expect(theirs.status).not.toBe(0)
    expect(ours.status, ours.stderr).toBe(theirs.status)
    expect(ours.stdout.toString()).toBe('')
  })
})

function ciphertexts(text: Buffer): readonly string[] {
  return text.toString('latin1').match(/ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv/g) ?? []
}

// The place of a comment may be another one, the values and the texts of the comments may not.
function expectSameYaml(ours: string, theirs: string, file: CorpusFile): void {
  expect(yamlValues(ours)).toBe(yamlValues(theirs))
  const found = yamlComments(ours)
  expect(found, 'a comment that sops keeps is gone').toEqual(expect.arrayContaining([...yamlComments(theirs)]))
  const written = new Set(yamlComments(file.bytes.toString()))
  expect(
    found.filter((comment) => !written.has(comment)),
    'a comment that nobody wrote',
  ).toEqual([])
}
