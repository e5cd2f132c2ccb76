// One certificate by @root/acme: node root_acme.js MODULES DIRECTORY WEBROOT OUT NAME
const fs = require('fs');
const path = require('path');
const [, , modules, directoryUrl, webroot, out, name] = process.argv;
const load = (m) => require(path.join(modules, m));
const ACME = load('@root/acme');
const Keypairs = load('@root/keypairs');
const CSR = load('@root/csr');
const PEM = load('@root/pem');

const http01 = {
  init: async () => null,
  set: async ({ challenge }) => {
    fs.writeFileSync(path.join(webroot, challenge.token), challenge.keyAuthorization);
    return null;
  },
  get: async () => null,
  remove: async ({ challenge }) => {
    fs.unlinkSync(path.join(webroot, challenge.token));
    return null;
  },
};

async function main() {
  const acme = ACME.create({ maintainerEmail: 'admin@example.test', packageAgent: 'interop/1.0', notify: () => {},
    skipDryRun: true, skipChallengeTest: true });
  await acme.init(directoryUrl);
  const accountKey = (await Keypairs.generate({ kty: 'EC', format: 'jwk' })).private;
  const account = await acme.accounts.create({ subscriberEmail: 'admin@example.test', agreeToTerms: true, accountKey });
  const serverKey = (await Keypairs.generate({ kty: 'RSA', format: 'jwk' })).private;
  const der = await CSR.csr({ jwk: serverKey, domains: [name], encoding: 'der' });
  const csr = PEM.packBlock({ type: 'CERTIFICATE REQUEST', bytes: der });
  const pems = await acme.certificates.create({ account, accountKey, csr, domains: [name],
    challenges: { 'http-01': http01 }, skipDryRun: true, skipChallengeTests: true });
  fs.writeFileSync(`${out}/fullchain.pem`, `${pems.cert}\n${pems.chain}\n`);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
