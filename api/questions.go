package api

func (s *Server) registerQuestions() {}
