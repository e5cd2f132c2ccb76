import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * A certificate as Java's TLS sees it: Verify ROOT KEYSTORE NAME server|client.
 *
 * server: a TLS client of Java connects to a TLS server with the key and asks for NAME, as HTTPS does.
 * client: what a TLS server of Java asks of a client's certificate.
 */
public class Verify {
    static final char[] PASSWORD = "public".toCharArray();

    static TrustManagerFactory trust(String root) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (FileInputStream in = new FileInputStream(root)) {
            store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
        f.init(store);
        return f;
    }

    static void handshake(TrustManagerFactory trust, KeyStore keys, String name) throws Exception {
        KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
        own.init(keys, PASSWORD);
        SSLContext server = SSLContext.getInstance("TLS"), client = SSLContext.getInstance("TLS");
        server.init(own.getKeyManagers(), null, null);
        client.init(null, trust.getTrustManagers(), null);
        InetAddress here = InetAddress.getLoopbackAddress();
        try (SSLServerSocket listening = (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0, 1, here)) {
            Thread serving = new Thread(() -> {
                try (SSLSocket s = (SSLSocket) listening.accept()) {
                    s.startHandshake();
                    s.getInputStream().read();
                } catch (Exception e) {
                    System.out.println("server: " + e.getMessage());
                }
            });
            serving.setDaemon(true);
            serving.start();
            Socket plain = new Socket(here, listening.getLocalPort());
            try (SSLSocket s = (SSLSocket) client.getSocketFactory().createSocket(plain, name, 443, true)) {
                SSLParameters parameters = s.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                s.setSSLParameters(parameters);
                s.startHandshake();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        TrustManagerFactory trust = trust(args[0]);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(args[1])) {
            keys.load(in, PASSWORD);
        }
        X509Certificate[] chain = Arrays.stream(keys.getCertificateChain(keys.aliases().nextElement()))
            .map(c -> (X509Certificate) c).toArray(X509Certificate[]::new);
        System.out.println("names: " + chain[0].getSubjectAlternativeNames());
        try {
            if (args[3].equals("server")) {
                handshake(trust, keys, args[2]);
            } else {
                ((X509TrustManager) trust.getTrustManagers()[0])
                    .checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm());
            }
        } catch (SSLException | CertificateException e) {
            System.out.println("refused: " + e);
            System.exit(1);
        }
        System.out.println("accepted");
    }
}
