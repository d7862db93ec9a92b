import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { compilerPackages, installedPackages, makeProject, type Project, resolutions } from './project.ts'

let project: Project
beforeAll(async () => {
  project = await makeProject('augment-alone', inject('registry'))
  await project.install(['@kd/augment', ...compilerPackages])
})
afterAll(() => project?.remove())

it('brings no TensorFlow.js and no ONNX Runtime', async () => {
  const installed = await installedPackages(project)
  expect(installed).toContain('@kd/augment')
  expect(installed.filter((name) => /^@kd\//.test(name))).toEqual(['@kd/augment', '@kd/core'])
  expect(installed.filter((name) => /tensorflow|onnxruntime/.test(name))).toEqual([])
})

it.each(resolutions)('type-checks with moduleResolution %s', async (resolution) => {
  expect(await project.compile(resolution)).toBe('')
})

it('works', async () => {
  const { code, stdout, stderr } = await project.run('node', ['main.js'])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const texts: string[] = JSON.parse(stdout)
  expect(texts.length).toBeGreaterThan(5)
  expect(texts.some((text) => text.includes('[MASK]'))).toBe(true)
  expect((await project.run('node', ['main.js'])).stdout).toBe(stdout)
})
