package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.DecoratorContract;
import java.util.Set;
import javax.crypto.spec.SecretKeySpec;

class EncryptedStoreDecoratorTest extends DecoratorContract {

  @Override
  protected SessionStore decorate(SessionStore store) {
    SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
    return new EncryptedStore(store, AttributeEncryption.builder("key", key).build());
  }

  @Override
  protected Set<String> withheld() {
    return Set.of("liveSessions");
  }

  @Override
  protected boolean changesSessions() {
    return true;
  }
}
