-- finds: table app.questions
drop index app.questions_created_by;
