package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The part of {@link SessionStoreContract} for a store's {@link LoginLimit}, which can be run
 * alone. A store whose {@link SessionStore#loginLimit()} is empty fails.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class LoginLimitContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected LoginLimitContract() {}

  @Test
  void loginLimit_isPresent() {
    assertThat(nodes().store().loginLimit()).as("the store's LoginLimit").isPresent();
  }

  /** A login is stored within a limit. */
  @Nested
  @Order(1)
  class WhenAdmitting extends Admitting {
    WhenAdmitting() {
      super(LoginLimitContract.this::nodes);
    }
  }

  /** A login that cannot be stored ends no session. */
  @Nested
  @Order(2)
  class WhenNotAdmitting extends NotAdmitting {
    WhenNotAdmitting() {
      super(LoginLimitContract.this::nodes);
    }
  }

  /** The limit holds whatever else happens. */
  @Nested
  @Order(3)
  class WhenAdmittingAtOnce extends AdmittingAtOnce {
    WhenAdmittingAtOnce() {
      super(LoginLimitContract.this::nodes);
    }
  }
}
