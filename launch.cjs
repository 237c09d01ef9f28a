// Finds or builds the program for this runner and starts it; all else is the program's own business. No dependency and
// no bundle: what stands here is what runs. The same file is the post step, which stops what the main one left running.
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const [fs, os, path] = [require('node:fs'), require('node:os'), require('node:path')];

const { env } = process, exe = process.platform === 'win32' ? '.exe' : '';
const temp = env.RUNNER_TEMP || os.tmpdir();
const input = (name) => (env['INPUT_' + name.toUpperCase()] || '').trim();
const state = (key, value) => env.GITHUB_STATE && fs.appendFileSync(env.GITHUB_STATE, `${key}=${value}\n`);

// release.sums is what sha256sum prints, below a comment with the version. Only the tree of a release has it.
function release() {
  const file = path.join(__dirname, 'release.sums');
  const [first, ...lines] = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split(/\r?\n/) : [''];
  const platform = `${process.platform.replace('win32', 'windows')}_${{ x64: 'amd64' }[process.arch] || process.arch}${exe}`;
  return { version: first.replace(/^#\s*/, ''), platform, sums: new Map(lines.map((l) => l.split(/\s+\*?/).reverse())) };
}

// What a program says of itself must agree with the action, whose inputs it is to understand.
function preinstalled(program, { version }) {
  const asked = spawnSync(program, ['version'], { encoding: 'utf8' });
  if (asked.error) throw new Error(`binary: ${asked.error.message}`);
  const is = asked.stdout.trim();
  if (version && !is.split(/\s+/).includes(version)) throw new Error(`binary: ${program} is ${is}, this action is ${version}`);
  return program;
}

// fetch heeds HTTPS_PROXY only in a Node that was started to do so, hence a Node of its own.
const FETCH = `const [url, file] = process.argv.slice(1), { setTimeout: sleep } = require('node:timers/promises');
(async () => { for (let wait = 500; ; wait *= 2) {
  const r = await fetch(url, { signal: AbortSignal.timeout(120000) }).catch(() => ({ status: 599 }));
  if (r.ok) return require('node:fs').writeFileSync(file, Buffer.from(await r.arrayBuffer()), { mode: 0o755 });
  if (wait > 2000 || (r.status < 500 && r.status !== 429)) process.exit(1);
  await sleep(wait);
} })();`;

// The sum is checked at every use, in the tool cache too, which others can write to.
function downloaded({ version, platform, sums }, program) {
  const name = `${program}_${platform}`, sum = sums.get(name);
  if (!sum) return null;
  const right = (f) => createHash('sha256').update(fs.readFileSync(f)).digest('hex') === sum;
  const file = path.join(env.RUNNER_TOOL_CACHE || temp, 'seedpack', version, process.arch, program + exe);
  if (fs.existsSync(file) && right(file)) return file;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const url = `${input('download-url').replace(/\/+$/, '')}/${version}/${name}`, fresh = `${file}.${process.pid}`;
  const got = spawnSync(process.execPath, ['-e', FETCH, url, fresh], { env: { ...env, NODE_USE_ENV_PROXY: '1' } });
  if (got.status !== 0) return null;
  if (!right(fresh)) {
    fs.rmSync(fresh);
    throw new Error(`${name} of ${version} does not have the SHA-256 that this action records`);
  }
  fs.renameSync(fresh, file);
  return file;
}

// A release has a buildkitd for runners without any BuildKit, which is found beside the program.
const lacksBuildKit = () => !['lint', 'list', 'verify'].includes(input('command')) && (input('builder') ? input('builder') === 'private' :
  !env.BUILDKIT_HOST && !fs.existsSync('/var/run/docker.sock')) && spawnSync('buildkitd', ['--version']).error;

function built() {
  const program = path.join(temp, 'seedpack', 'seedpack' + exe);
  const args = ['-C', __dirname, 'build', '-trimpath', '-buildvcs=false', '-ldflags=-s', '-o', program, '.'];
  const go = spawnSync('go', args, { stdio: 'inherit', env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly' } });
  if (go.error) throw new Error('no release for this runner, and no Go to build the program with: put actions/setup-go before');
  if (go.status !== 0) throw new Error('the program could not be built');
  return program;
}

function main() {
  state('started', 1);
  process.chdir(input('working-directory') || '.');
  const wanted = release();
  const program = input('binary') ? preinstalled(input('binary'), wanted) : downloaded(wanted, 'seedpack') || built();
  if (!input('binary') && lacksBuildKit()) downloaded(wanted, 'buildkitd');
  if (!input('binary') && env.GITHUB_PATH) fs.appendFileSync(env.GITHUB_PATH, path.dirname(program) + '\n'); // for later steps
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal)); // not too late
  const child = spawn(program, ['action'], { stdio: 'inherit' });
  child.on('error', fail);
  if (child.pid) state('pid', child.pid);
  child.on('exit', (status, signal) => {
    state('pid', '');
    process.exitCode = signal ? 128 + os.constants.signals[signal] : status;
  });
}

// A main step that was killed could not end the program: TERM lets it clean up after itself.
function post(pid, name = 'SIGTERM', tries = 100) {
  try { process.kill(pid, tries ? name : 'SIGKILL'); } catch { return; } // it is gone
  if (tries) setTimeout(post, 200, pid, 0, tries - 1);
}

function fail({ message }) {
  console.log(`::error title=Seedpack::${message.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A')}`);
  process.exitCode = 3;
}

try { if (!env.STATE_started) main(); else if (env.STATE_pid) post(Number(env.STATE_pid)); } catch (e) { fail(e); }
