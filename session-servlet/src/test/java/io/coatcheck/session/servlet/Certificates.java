package io.coatcheck.session.servlet;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Certificates of users, which sign themselves and are made with the JDK's {@code keytool} when a
 * test first asks for them. The servers prove themselves with the first user's.
 */
final class Certificates {

  static final String PASSWORD = "changeit";

  private static final Map<String, HttpClient> CLIENTS = new ConcurrentHashMap<>();

  private static Certificates made;

  private final Map<String, KeyStore> keys = new ConcurrentHashMap<>();
  private final KeyStore trusted;

  private Certificates(String... users) throws IOException, GeneralSecurityException {
    // Another JVM of the tests may make its own at the same time.
    Path directory =
        Files.createTempDirectory(Files.createDirectories(Path.of("target")), "certificates-");
    Map<String, Process> tools = new HashMap<>();
    for (String user : users) {
      tools.put(user, keytool(user, directory.resolve(user + ".p12")));
    }
    trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    for (String user : users) {
      await(tools.get(user));
      File file = directory.resolve(user + ".p12").toFile();
      KeyStore own = KeyStore.getInstance(file, PASSWORD.toCharArray());
      keys.put(user, own);
      trusted.setCertificateEntry(user, own.getCertificate(user));
    }
  }

  private static Process keytool(String user, Path file) throws IOException {
    Files.deleteIfExists(file);
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-J-XX:TieredStopAtLevel=1",
            "-genkeypair",
            "-keyalg",
            "EC",
            "-alias",
            user,
            "-dname",
            "CN=" + user,
            "-ext",
            "san=dns:localhost",
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-keystore",
            file.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static void await(Process tool) {
    try {
      if (!tool.waitFor(180, TimeUnit.SECONDS) || tool.exitValue() != 0) {
        throw new IllegalStateException("keytool failed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static synchronized Certificates get() {
    if (made == null) {
      try {
        made = new Certificates("alice", "bob");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
    return made;
  }

  /** Returns what a server proves itself with. */
  KeyStore ofServer() {
    return keys.get("alice");
  }

  /** Returns the certificates of all users. */
  KeyStore trusted() {
    return trusted;
  }

  /** Returns the client that shows a user's certificate, or none for any other name. */
  HttpClient client(String user) {
    return CLIENTS.computeIfAbsent(
        user,
        name ->
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .sslContext(context(keys.get(name)))
                .build());
  }

  private SSLContext context(KeyStore own) {
    try {
      KeyManager[] shown = {};
      if (own != null) {
        KeyManagerFactory factory =
            KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(own, PASSWORD.toCharArray());
        shown = factory.getKeyManagers();
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(shown, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
