import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * One side of a TLS connection as Java makes it, that verifies the other side:
 *
 *   Roles serve ROOTS KEYSTORE             asks for a client's certificate
 *   Roles dial  ROOTS KEYSTORE NAME PORT
 */
public class Roles {
    static SSLContext context(String roots, String own) throws Exception {
        KeyStore anchors = KeyStore.getInstance("PKCS12"), keys = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        try (FileInputStream in = new FileInputStream(roots)) {
            for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                anchors.setCertificateEntry("root" + anchors.size(), c);
            }
        }
        try (FileInputStream in = new FileInputStream(own)) {
            keys.load(in, "public".toCharArray());
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(anchors);
        KeyManagerFactory mine = KeyManagerFactory.getInstance("PKIX");
        mine.init(keys, "public".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(mine.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    static SSLSocket serve(SSLContext context) throws Exception {
        InetAddress here = InetAddress.getLoopbackAddress();
        try (SSLServerSocket listening = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, here)) {
            listening.setNeedClientAuth(true);
            System.out.println("port " + listening.getLocalPort());
            return (SSLSocket) listening.accept();
        }
    }

    static SSLSocket dial(SSLContext context, String name, int port) throws Exception {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, name, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        return socket;
    }

    public static void main(String[] args) throws Exception {
        SSLContext context = context(args[1], args[2]);
        try (SSLSocket socket = args[0].equals("serve") ? serve(context) : dial(context, args[3], Integer.parseInt(args[4]))) {
            socket.startHandshake();
            System.out.println("accepted");
        } catch (SSLException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
