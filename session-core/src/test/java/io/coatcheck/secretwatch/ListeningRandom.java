package io.coatcheck.secretwatch;

import java.security.Provider;
import java.security.SecureRandom;
import java.security.SecureRandomSpi;
import java.security.Security;

/**
 * The {@link SecureRandom} that {@code new SecureRandom()} makes while it is installed: the
 * platform's, and each draw of 32 bytes, as long as the secret of a session is, is remembered.
 */
final class ListeningRandom extends Provider {

  private static final long serialVersionUID = 1L;
  private static final String NAME = "SecretWatch";
  private static final int SECRET_LENGTH = 32;

  private ListeningRandom(SecureRandom platform, IssuedSecrets secrets) {
    super(NAME, "1", "Remembers secrets, for tests");
    putService(
        new Service(this, "SecureRandom", NAME, Spi.class.getName(), null, null) {
          @Override
          public Object newInstance(Object parameter) {
            return new Spi(platform, secrets);
          }
        });
    put("SecureRandom." + NAME + " ThreadSafe", "true");
  }

  static void install(IssuedSecrets secrets) {
    Security.insertProviderAt(new ListeningRandom(new SecureRandom(), secrets), 1);
  }

  static void uninstall() {
    Security.removeProvider(NAME);
  }

  private static final class Spi extends SecureRandomSpi {

    private static final long serialVersionUID = 1L;
    private final SecureRandom platform;
    private final transient IssuedSecrets secrets;

    Spi(SecureRandom platform, IssuedSecrets secrets) {
      this.platform = platform;
      this.secrets = secrets;
    }

    @Override
    protected void engineSetSeed(byte[] seed) {
      platform.setSeed(seed);
    }

    @Override
    protected void engineNextBytes(byte[] bytes) {
      platform.nextBytes(bytes);
      if (bytes.length == SECRET_LENGTH) {
        secrets.add(bytes);
      }
    }

    @Override
    protected byte[] engineGenerateSeed(int length) {
      return platform.generateSeed(length);
    }
  }
}
