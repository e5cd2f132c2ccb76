// One certificate by acme-client: node acme_client.js MODULES DIRECTORY WEBROOT OUT NAME [revoke | new-key | KID HMAC-KEY]
const fs = require('fs');
const path = require('path');
const [, , modules, directoryUrl, webroot, out, name, then, hmacKey] = process.argv;
const acme = require(path.join(modules, 'acme-client'));

async function main() {
  const accountKey = fs.existsSync(`${out}/account.pem`) ? fs.readFileSync(`${out}/account.pem`)
    : await acme.crypto.createPrivateKey();
  fs.writeFileSync(`${out}/account.pem`, accountKey);
  const binding = hmacKey ? { externalAccountBinding: { kid: then, hmacKey } } : {};
  const client = new acme.Client({ directoryUrl, accountKey, ...binding });
  const [key, csr] = await acme.crypto.createCsr({ altNames: [name] });
  const cert = await client.auto({
    csr,
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    skipChallengeVerification: true,
    challengeCreateFn: async (authz, challenge, keyAuthorization) =>
      fs.writeFileSync(path.join(webroot, challenge.token), keyAuthorization),
    challengeRemoveFn: async (authz, challenge) => fs.unlinkSync(path.join(webroot, challenge.token)),
  });
  fs.writeFileSync(`${out}/fullchain.pem`, cert);
  fs.writeFileSync(`${out}/key.pem`, key);
  if (then === 'revoke')
    await client.revokeCertificate(cert, { reason: 4 });
  if (then === 'new-key') {
    const next = await acme.crypto.createPrivateKey();
    await client.updateAccountKey(next);
    fs.writeFileSync(`${out}/account.pem`, next);
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
