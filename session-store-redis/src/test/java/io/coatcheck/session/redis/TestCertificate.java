package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** A certificate of a server for one name, signed by itself, in the files that Redis reads. */
record TestCertificate(Path certificate, Path key) {

  private static final String PASSWORD = "changeit";

  /**
   * Creates one in a folder.
   *
   * @param names as {@code dns:} or {@code ip:} says, separated by commas
   */
  static TestCertificate create(Path folder, String names) {
    Path store = folder.resolve("server.p12");
    try {
      Process keytool =
          new ProcessBuilder(
                  List.of(
                      Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                      "-genkeypair",
                      "-alias",
                      "server",
                      "-keyalg",
                      "EC",
                      "-dname",
                      "CN=test",
                      "-ext",
                      "san=" + names,
                      "-validity",
                      "2",
                      "-storetype",
                      "PKCS12",
                      "-keystore",
                      store.toString(),
                      "-storepass",
                      PASSWORD))
              .redirectErrorStream(true)
              .start();
      String output = new String(keytool.getInputStream().readAllBytes(), US_ASCII);
      assertThat(keytool.waitFor()).as(output).isZero();
      KeyStore entries = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(store)) {
        entries.load(in, PASSWORD.toCharArray());
      }
      return new TestCertificate(
          pem(
              folder.resolve("server.crt"),
              "CERTIFICATE",
              entries.getCertificate("server").getEncoded()),
          pem(
              folder.resolve("server.key"),
              "PRIVATE KEY",
              entries.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (GeneralSecurityException failure) {
      throw new IllegalStateException("the certificate cannot be read", failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  private static Path pem(Path file, String kind, byte[] content) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        file, "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
  }
}
