package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

/** What an application does with a request. */
interface Handler {
  void handle(HttpServletRequest request, HttpServletResponse response) throws Exception;
}
