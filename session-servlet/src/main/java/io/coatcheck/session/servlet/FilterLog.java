package io.coatcheck.session.servlet;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log of the filter, to which the classes of a request write, so that it has one name. */
final class FilterLog {

  /** Found by its name, so that no class of a request depends on the filter. */
  static final Logger LOG = LoggerFactory.getLogger("io.coatcheck.session.servlet.SessionFilter");

  private FilterLog() {}
}
