package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sentence of the specification that a store has broken if the test fails. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Sentence {

  /** The type whose documentation contains the sentence. */
  Class<?> of() default SessionStore.class;

  /** The sentence, or the tested part of it, without markup. */
  String value();
}
